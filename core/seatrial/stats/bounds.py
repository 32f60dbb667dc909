"""One-sided bounds, what they answer, and what every estimate can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, Self

__all__ = ["FEWEST", "GATE_LEVEL", "NO_BOUNDS", "Answer", "Bounds", "Estimate", "bisect", "too_few"]

GATE_LEVEL = 0.95
"""The confidence of each one-sided bound that a gate decides on."""

FEWEST = 10
"""Values (or clusters) from which numbers without known limits have bounds: the spread of fewer says nothing of the rest.

No bound holds for every distribution of such numbers (Bahadur and Savage 1956, Annals of Mathematical Statistics 27:1115).
Student's t passes a mean on the ceiling 88% of the time from 2 values and 60% from 10 where one in twenty is large, 14% and
13% for exponential ones, 5% for normal ones: where limits can be given, give them.
"""

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


NO_BOUNDS = ", so there are no bounds"


def too_few(n: int, what: str) -> str:
    """Why there are no bounds from n values, pairs or clusters."""
    counted = f"{n} {what}{'' if n == 1 else 's'}"
    return f"{counted} of no known limits: fewer than {FEWEST} do not show how they are spread{NO_BOUNDS}"


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
