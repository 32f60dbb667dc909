"""The arithmetic mean of numbers that could be anything."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.stats.bounds import GATE_LEVEL, Bounds

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Mean", "clustered_standard_error"]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, with Student's t bounds.

    There are no bounds from fewer than two values, nor from values that are all the same: a spread of zero in a sample is
    no certainty about what was not sampled. Where the values' limits are known, `BoundedMean` does better.
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
        if array.min() == array.max():  # summing equal numbers may leave a variance of 1e-33 behind
            return cls(float(array[0]), 0.0, int(array.size))
        with np.errstate(over="ignore", invalid="ignore"):
            return cls(float(array.mean()), float(array.var(ddof=1)), int(array.size))

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """Student's one-sided bounds, or the reason why there are none."""
        if self.n < 2:
            return Bounds(None, None, level, "Student t", "one value shows no spread, so there are no bounds")
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


def clustered_standard_error(values: Sequence[float] | np.ndarray, clusters: Sequence[Hashable]) -> float:
    """The standard error of a mean whose values come in clusters (questions about one text, seeds of one item).

    (1/n)·sqrt(C/(C-1) · Σ over clusters of (sum of the cluster's residuals)²), with C clusters: Miller
    (arXiv 2411.00640), with the small-sample factor that Inspect applies. Use t with C - 1 degrees of freedom.

    Raises:
        ValueError: the two differ in length, or there are fewer than two clusters.
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.size != len(clusters):
        raise ValueError(f"{array.size} values but {len(clusters)} cluster names")
    places: dict[Hashable, int] = {}
    index = np.array([places.setdefault(name, len(places)) for name in clusters], dtype=np.intp)
    if len(places) < 2:
        raise ValueError("a clustered standard error needs at least two clusters")
    sums = np.bincount(index, weights=array - array.mean())
    count = len(places)
    return float(np.sqrt(count / (count - 1) * np.sum(sums**2)) / array.size)
