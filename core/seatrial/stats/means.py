"""The arithmetic mean of numbers that could be anything."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.stats.bounds import FEWEST, GATE_LEVEL, NO_BOUNDS, Bounds, too_few
from seatrial.stats.clusters import cluster_totals
from seatrial.stats.fieller import PairedMeans

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ClusteredMean", "Mean"]


SAME = 1e-9
"""Numbers that differ by no more than that, as a share of the largest, are the same."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, with Student's t bounds.

    There are no bounds from fewer than `FEWEST` values, nor from values that are all the same: a spread of zero in a sample is
    no certainty about what was not sampled. Where the values' limits are known, `BoundedMean` does better.

    A bound towards a long tail is too near: of lognormal values with σ = 0.5 the truth lies above the upper one 10% of the
    time with 15 values, 8.3% with 40 and 6.4% with 200 instead of 5%; with σ = 1.5, 30%, 24% and 16%. No bound holds for tails
    of any length, so a `max` is better set on a percentile or a share than on such a mean.
    """

    value: float
    variance: float
    """The sample variance, with n - 1 in the denominator; 0 where n is 1."""
    n: int

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Mean:
        """The mean of at least one value.

        Raises:
            ValueError: there are no values, or one is NaN or infinite.
        """
        import numpy as np

        array = np.asarray(values, dtype=np.float64)
        if array.size == 0 or not np.isfinite(array).all():
            raise ValueError("a mean needs at least one value, all finite")
        if np.ptp(array) <= SAME * np.abs(array).max():  # equal but for rounding, which is no spread
            return cls(float(array[0]), 0.0, int(array.size))
        with np.errstate(over="ignore", invalid="ignore"):
            return cls(float(array.mean()), float(array.var(ddof=1)), int(array.size))

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """Student's one-sided bounds, or the reason why there are none."""
        if self.n < FEWEST:
            return Bounds(None, None, level, "Student t", too_few(self.n, "value"))
        if self.variance == 0:
            reason = f"all {self.n} values are the same and their limits are not known, so there are no bounds"
            return Bounds(None, None, level, "Student t", reason)
        if not math.isfinite(self.variance):
            return Bounds(None, None, level, "Student t", "the numbers are too large, so there are no bounds")
        from scipy.special import stdtrit

        half = float(stdtrit(self.n - 1, level)) * math.sqrt(self.variance / self.n)
        return Bounds(self.value - half, self.value + half, level, "Student t")

    def at(self, n: int) -> Mean:
        """The same mean and variance from `n` values."""
        return replace(self, n=n)


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """A mean of values that come in clusters: the ratio of the clusters' totals to their sizes, with Fieller's bounds.

    The ratio estimator of cluster sampling (Cochran 1977, Sampling Techniques, chapter 6), so that large clusters weigh
    as much as they have values. A number is within the bounds where Student's t, on the clusters' totals of the distances
    from it, does not reject it; for clusters of one size that is Student's t on their means. Unequal variances make
    that test reject less often, not more: Benjamini (1983), JASA 78:655. The usual clustered standard error with Student's t
    rejects too often: a mean on the threshold 5% of the time for equal sizes, 8% for skewed ones, half of the time with
    one cluster of 500 values beside 20 of one (`tests/bench/false_passes.py`).
    """

    centre: float
    """The mean over values, from which the totals are counted, so that no digits are lost."""
    scale: float
    """The unit in which they are counted."""
    totals: PairedMeans
    """Of each cluster: what its values' distances from the centre add up to, and how many they are."""

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray, clusters: Sequence[Hashable] | np.ndarray) -> ClusteredMean:
        """The mean of at least one value.

        Raises:
            ValueError: there are no values, one is NaN or infinite, or there is not one cluster name a value.
        """
        import numpy as np

        array = np.asarray(values, dtype=np.float64)
        if array.size == 0 or not np.isfinite(array).all():
            raise ValueError("a mean needs at least one value, all finite")
        with np.errstate(over="ignore", invalid="ignore"):
            # The mean of equal numbers may differ from them in the last digit, which is no spread.
            centre = float(array[0] if array.min() == array.max() else array.mean())
            distances = array - centre
        scale = float(np.abs(distances).max()) or 1.0
        if not math.isfinite(scale):
            distances, scale = np.zeros(array.size), math.inf
        totals, sizes = cluster_totals(distances / scale, clusters)
        return cls(centre, scale, PairedMeans.of(totals, sizes))

    @property
    def value(self) -> float:
        """The observed mean over values."""
        return self.centre

    @property
    def n(self) -> int:
        """How many clusters there are, or would be (`at`)."""
        return self.totals.n

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """One-sided bounds, or the reason why there are none."""
        method = "Fieller (clusters)"
        found = self.totals.ratio_interval(level) if math.isfinite(self.scale) else "large"
        if isinstance(found, tuple):
            middle, half = (self.scale * number for number in found)
            return Bounds(self.centre + middle - half, self.centre + middle + half, level, method)
        reason = {
            "few": too_few(self.n, "cluster").removesuffix(NO_BOUNDS),
            "large": "the numbers are too large",
            "zero": f"{self.n} clusters are too few for how unequal in size they are",
            "same": f"all {self.n} clusters have the same mean and the values' limits are not known",
        }[found]
        return Bounds(None, None, level, method, f"{reason}{NO_BOUNDS}")

    def at(self, n: int) -> ClusteredMean:
        """The same mean and spread from `n` clusters."""
        return replace(self, totals=self.totals.at(n))
