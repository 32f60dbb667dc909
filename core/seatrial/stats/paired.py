"""Two systems on the same items, right or wrong: what one gets right and the other doesn't."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from seatrial.stats.bounds import GATE_LEVEL, Bounds, bisect

__all__ = ["PairedDifference", "mcnemar_exact", "tango_interval"]

CORRECTION = 1.0
"""One item. By exact enumeration at n = 20 to 300 and true differences of -0.1 to 0.1, Tango's bounds without it pass a
system on the margin up to 7.5% of the time instead of 5%, with it at most 4.8%. At a margin of 0 the corrected bound
decides as the exact one-sided McNemar test does: of the 6,399 tables with up to 79 disagreements each way two differ, and
there the bound is the more careful."""


def tango_interval(
    only_first: float, only_second: float, n: int, level: float = 0.95, correction: float = 0.0
) -> tuple[float, float]:
    """The two-sided score interval of p_first - p_second for paired yes/no outcomes.

    Tango (1998), Statistics in Medicine 17:891. It keeps a width where no pair disagrees (there, ±z²/(n + z²)).

    Args:
        only_first: pairs that the first alone gets right.
        only_second: pairs that the second alone gets right.
        n: all pairs.
        level: two-sided confidence.
        correction: how many items the observed difference is held back by (continuity correction).

    Raises:
        ValueError: n < 1, a negative count, or more disagreements than pairs.
    """
    if n < 1 or only_first < 0 or only_second < 0 or only_first + only_second > n * (1 + 1e-12):
        raise ValueError(f"{only_first} and {only_second} disagreements of {n} pairs")
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))

    def deviation(difference: float, held_back: float) -> float:
        observed = only_first - only_second - n * difference - held_back
        second_alone = _second_alone(only_first, only_second, n, difference)
        spread = n * (2 * second_alone + difference * (1 - difference))
        return observed / math.sqrt(spread) if spread > 0 else math.copysign(math.inf, observed)

    estimate = (only_first - only_second) / n
    low = bisect(lambda difference: deviation(difference, correction) <= z, estimate, -1.0)
    high = bisect(lambda difference: deviation(difference, -correction) >= -z, estimate, 1.0)
    return low, high


def _second_alone(only_first: float, only_second: float, n: int, difference: float) -> float:
    """The likeliest share of `only_second` pairs if the true difference were `difference`."""
    b = -only_first - only_second + (2 * n - only_first + only_second) * difference
    c = -only_second * difference * (1 - difference)
    return (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)


def mcnemar_exact(only_first: int, only_second: int, *, sides: Literal[1, 2] = 2) -> float:
    """The p-value of the exact McNemar test: a sign test on the pairs that disagree.

    McNemar (1947), Psychometrika 12:153. 1 where no pair disagrees.

    Args:
        only_first: pairs in which only the first is right.
        only_second: pairs in which only the second is.
        sides: 2, or 1: how likely chance is to give the one that is ahead as many of these pairs, or more.
    """
    from scipy.special import betainc

    pairs, fewer = only_first + only_second, min(only_first, only_second)
    if pairs == 0:
        return 1.0
    return min(1.0, sides * float(betainc(pairs - fewer, fewer + 1, 0.5)))


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """p_first - p_second over pairs, with continuity-corrected Tango bounds."""

    only_first: float
    only_second: float
    n: int

    @property
    def value(self) -> float:
        """The observed difference."""
        return (self.only_first - self.only_second) / self.n

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """One-sided score bounds."""
        low, high = tango_interval(self.only_first, self.only_second, self.n, 2 * level - 1, CORRECTION)
        return Bounds(low, high, level, "Tango score (paired, continuity-corrected)")

    def at(self, n: int) -> PairedDifference:
        """The same shares of `n` pairs."""
        return PairedDifference(self.only_first * (n / self.n), self.only_second * (n / self.n), n)
