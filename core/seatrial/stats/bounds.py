"""One-sided bounds, what they answer, and what every estimate can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, Self

__all__ = ["GATE_LEVEL", "Answer", "Bounds", "Estimate", "bisect"]

GATE_LEVEL = 0.95
"""The confidence of each one-sided bound that a gate decides on."""

Answer = Literal["pass", "fail", "inconclusive"]
"""What bounds say of a condition."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A lower and an upper confidence bound, each of which holds with probability `level` by itself.

    Both together hold with at least 2·level - 1: bounds at 0.975 are a two-sided 95% interval.
    """

    lower: float | None
    upper: float | None
    level: float
    method: str
    """Such as `Clopper-Pearson`."""
    missing: str | None = None
    """Why a bound is None."""

    def at_least(self, threshold: float) -> Answer:
        """Pass where the lower bound reaches the threshold, fail where the upper bound stays below it."""
        if self.lower is not None and self.lower >= threshold:
            return "pass"
        if self.upper is not None and self.upper < threshold:
            return "fail"
        return "inconclusive"

    def at_most(self, threshold: float) -> Answer:
        """Pass where the upper bound stays within the threshold, fail where the lower bound lies above it."""
        if self.upper is not None and self.upper <= threshold:
            return "pass"
        if self.lower is not None and self.lower > threshold:
            return "fail"
        return "inconclusive"


class Estimate(Protocol):
    """One number found from a sample, and how far it can be trusted."""

    @property
    def value(self) -> float:
        """The number itself."""
        ...

    @property
    def n(self) -> int:
        """How many independent observations it is found from: samples, pairs, or clusters of them."""
        ...

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """The one-sided bounds; None, with the reason, where the sample cannot give one."""
        ...

    def at(self, n: int) -> Self:
        """The same finding on `n` observations: equal shares, means, variances and quantiles."""
        ...


def bisect(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """The last point from `inside`, where `holds`, towards `outside`; `outside` itself if it holds there too.

    `holds` must change once at most between the two. Exact to the last bits of a double.
    """
    if holds(outside):
        return outside
    for _ in range(200):
        middle = (inside + outside) / 2
        if middle in {inside, outside}:
            break
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
