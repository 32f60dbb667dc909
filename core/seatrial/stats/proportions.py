"""The share of ones among values of 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from seatrial.stats.bounds import GATE_LEVEL, Bounds

__all__ = ["Proportion", "clopper_pearson_bounds", "wilson_interval"]


def wilson_interval(successes: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's two-sided score interval, for display.

    Wilson (1927), JASA 22:209. Its one-sided bounds are too bold for gates: at n = 100 and a threshold of 0.1 they
    pass a model that sits on the threshold 7.3% of the time.

    Raises:
        ValueError: n < 1, or successes outside 0…n.
    """
    _check(successes, n)
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def clopper_pearson_bounds(successes: float, n: int, level: float = GATE_LEVEL) -> tuple[float, float]:
    """The exact lower and upper bound, each one-sided at `level`.

    Clopper and Pearson (1934), Biometrika 26:404, as quantiles of the beta distribution. A gate that decides on
    them passes a model on the threshold at most 1 - level of the time, at any n. `successes` may be a fraction (an
    observed share carried over to another n).

    Raises:
        ValueError: n < 1, or successes outside 0…n.
    """
    _check(successes, n)
    from scipy.special import betaincinv

    lower = 0.0 if successes <= 0 else float(betaincinv(successes, n - successes + 1, 1 - level))
    upper = 1.0 if successes >= n else float(betaincinv(successes + 1, n - successes, level))
    return lower, upper


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of successes, with Clopper-Pearson bounds."""

    successes: float
    """A whole number in a sample; a fraction where a share is carried over to another n."""
    n: int

    @property
    def value(self) -> float:
        """The observed share."""
        return self.successes / self.n

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """Exact one-sided bounds."""
        return Bounds(*clopper_pearson_bounds(self.successes, self.n, level), level, "Clopper-Pearson")

    def at(self, n: int) -> Proportion:
        """The same share of `n`."""
        return Proportion(self.successes * (n / self.n), n)


def _check(successes: float, n: int) -> None:
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}: n must be at least 1 and successes between 0 and n")
