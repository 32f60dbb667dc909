"""Two means over the same items, and Fieller's bounds of their ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from seatrial.stats.bounds import FEWEST

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NoRatio", "PairedMeans"]

NoRatio = Literal["few", "large", "zero", "same"]
"""Why a ratio has no bounds: few pairs, numbers too large, a denominator that could be 0, one ratio throughout."""


@dataclass(frozen=True, slots=True)
class PairedMeans:
    """Means, variances and covariance of paired numbers."""

    first: float
    second: float
    variance_first: float
    variance_second: float
    covariance: float
    n: int

    @classmethod
    def of(cls, first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> PairedMeans:
        """Of at least one pair.

        Raises:
            ValueError: the lengths differ, there are no pairs, or a number is not finite.
        """
        import numpy as np

        pairs = np.array([first, second], dtype=np.float64)
        if pairs.shape[1] == 0 or not np.isfinite(pairs).all():
            raise ValueError("a ratio of means needs at least one pair, all finite")
        with np.errstate(over="ignore", invalid="ignore"):
            means = pairs.mean(axis=1)
            spread = np.cov(pairs) if pairs.shape[1] > 1 else np.zeros((2, 2))
        return cls(
            float(means[0]),
            float(means[1]),
            float(spread[0, 0]),
            float(spread[1, 1]),
            float(spread[0, 1]),
            int(pairs.shape[1]),
        )

    def ratio_interval(self, level: float) -> tuple[float, float] | NoRatio:
        """The middle of the bounds of first / second and their distance from it, or why there are none.

        Each bound is one-sided at `level`. Fieller (1954), JRSS B 16:175: the ratios ρ at which mean(first) -
        ρ·mean(second) is no further from 0 than Student's t allows.
        """
        if self.n < FEWEST:
            return "few"
        from scipy.special import stdtrit

        t2 = float(stdtrit(self.n - 1, level)) ** 2 / self.n
        a = self.second * self.second - t2 * self.variance_second
        b = self.first * self.second - t2 * self.covariance
        c = self.first * self.first - t2 * self.variance_first
        if not math.isfinite(a + b + c):
            return "large"
        if a <= 0:
            return "zero"
        half = math.sqrt(max(0.0, b * b - a * c)) / a
        # Rounding leaves a sliver where every pair has the same ratio: that is a sample without spread, no certainty.
        if not 1e-9 * max(1.0, abs(b / a)) < half < math.inf:
            return "same"
        return b / a, half

    def at(self, n: int) -> PairedMeans:
        """The same means, variances and covariance from `n` pairs."""
        return replace(self, n=n)
