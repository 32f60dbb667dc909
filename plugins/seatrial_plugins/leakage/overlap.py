"""An overlap: what one train row and one held-out text have in common, by one preset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from seatrial import Row

__all__ = ["Overlap", "Preset"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """One held-out text that a train row gives away."""

    item: int
    """Index of the first held-out row with that text."""
    score: float
    """Share of the held-out text's words that the train row shares, in (0, 1]."""
    in_train: frozenset[int] | None = None
    """Which words of the train row are shared; None for all that was compared."""
    in_item: frozenset[int] | None = None
    """Which words of the held-out text are shared; None for all."""


class Preset(Protocol):
    """One published rule, built from the held-out rows."""

    name: str
    """The rule's name in the ledger."""
    meaning: str
    """What its score says, to follow on `83% of test row X`."""

    def turns(self, row: Row) -> tuple[int, ...]:
        """Indices of the turns that it compares."""
        ...

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows that have the text of `item`, itself included."""
        ...

    def find(self, row: Row) -> Iterable[Overlap]:
        """What the train row gives away, at most one overlap a text."""
        ...
