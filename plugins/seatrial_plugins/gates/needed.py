"""Needed: how many rows would decide a gate that is inconclusive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seatrial.stats import Bounds, Estimate, needed_n

__all__ = ["Needed"]


@dataclass(frozen=True, slots=True)
class Needed:
    """The rows that would decide, if all else stayed as observed; None where no number of them would."""

    n: int | None
    clusters: int | None
    """How many clusters these rows would form; None where none repeats another."""
    seeds: int | None

    @classmethod
    def of(
        cls, estimate: Estimate, decided: Callable[[Bounds], bool], *, n: int, clusters: int | None, seeds: int | None
    ) -> Needed:
        """What it takes for `decided` to hold of the bounds of an estimate from n rows.

        Args:
            estimate: of n rows, or of the clusters that they form.
            decided: holds of the bounds from enough of them.
            n: the rows.
            clusters: the clusters; None where no row repeats another.
            seeds: the training seeds; they stay as many.
        """
        found = needed_n(estimate, decided)
        if found is None or clusters is None:
            return cls(found, None, seeds)
        return cls(-(-found * n // clusters), found, seeds)

    def sentence(self, observed: str) -> str:
        """`n = 1,204 in 52 clusters would decide if 0.893 stayed as observed`."""
        if self.n is not None:
            within = "" if self.clusters is None else f" in {self.clusters:,} clusters"
            return f"n = {self.n:,}{within} would decide if {observed} stayed as observed"
        if self.seeds is not None and self.seeds > 1:
            return f"no n would decide with {self.seeds} seeds while {observed} is observed; more seeds may"
        return f"no n would decide while {observed} is observed"
