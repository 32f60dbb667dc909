"""Percentiles, with bounds that assume no distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.stats.bounds import GATE_LEVEL, Bounds
from seatrial.stats.clusters import cluster_index
from seatrial.stats.gaffke import tail_probability

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ClusteredPercentile", "Percentile"]


@dataclass(frozen=True, slots=True)
class Percentile:
    """The `q`-th percentile of a sample, with order statistics as bounds.

    The r-th smallest of n values lies at or below the true percentile with probability at least P(Bin(n, q) ≥ r), and
    the s-th at or above it with probability at least P(Bin(n, q) ≤ s - 1), whatever the distribution and its ties:
    David and Nagaraja, Order Statistics (3rd ed.), section 7.1. Few values bound no extreme percentile: at 95% an upper
    bound for the 99th needs 299 values.
    """

    values: tuple[float, ...]
    """The sample, sorted."""
    q: float
    """0 to 100, both exclusive."""
    n: int
    """How many values there are, or would be (`at`)."""

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray, q: float) -> Percentile:
        """The percentile of at least one value.

        Raises:
            ValueError: there are no values, one is NaN or infinite, or q is not between 0 and 100.
        """
        import numpy as np

        array = np.sort(np.asarray(values, dtype=np.float64))
        if array.size == 0 or not np.isfinite(array).all():
            raise ValueError("a percentile needs at least one value, all finite")
        if not 0 < q < 100:
            raise ValueError(f"percentile {q:g}: must lie between 0 and 100")
        return cls(tuple(array.tolist()), q, int(array.size))

    @property
    def value(self) -> float:
        """The observed percentile, by linear interpolation between order statistics (numpy's default)."""
        place = (len(self.values) - 1) * self.q / 100
        below = math.floor(place)
        above = min(below + 1, len(self.values) - 1)
        return self.values[below] + (self.values[above] - self.values[below]) * (place - below)

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """The innermost order statistics that bound the percentile at `level`."""
        share = self.q / 100
        # P(Bin(n, q) ≤ s - 1) = P(Bin(n, 1 - q) ≥ n + 1 - s): the upper bound is the lower one, counted from the top.
        from_bottom = _highest(self.n, lambda rank: _at_least(rank, self.n, share) >= level)
        from_top = _highest(self.n, lambda rank: _at_least(rank, self.n, 1 - share) >= level)
        absent = [side for side, rank in (("lower", from_bottom), ("upper", from_top)) if rank == 0]
        reason = f"{self.n} values are too few for a {level:.1%} {' or '.join(absent)} bound of percentile {self.q:g}"
        return Bounds(
            self._ranked(from_bottom) if from_bottom else None,
            self._ranked(self.n + 1 - from_top) if from_top else None,
            level,
            "order statistics",
            reason if absent else None,
        )

    def at(self, n: int) -> Percentile:
        """The same empirical distribution, drawn `n` times."""
        return replace(self, n=n)

    def _ranked(self, rank: int) -> float:
        """The value of a 1-based rank among n, read off the empirical distribution."""
        return self.values[max(1, -(-rank * len(self.values) // self.n)) - 1]


@dataclass(frozen=True, slots=True)
class ClusteredPercentile:
    """The `q`-th percentile of a sample that comes in clusters, with order statistics as bounds.

    A value is an upper bound where the share of values up to it has a lower bound that reaches q, and likewise below:
    Woodruff (1952), JASA 47:635, with the bounds of a share that `BoundedMean` has for clusters. Without clusters
    that is `Percentile`.
    """

    values: tuple[float, ...]
    """The sample, sorted."""
    index: tuple[int, ...]
    """The cluster of each value, from 0 up."""
    q: float
    """0 to 100, both exclusive."""
    n: int
    """How many clusters there are, or would be (`at`)."""

    @classmethod
    def of(
        cls, values: Sequence[float] | np.ndarray, q: float, clusters: Sequence[Hashable] | np.ndarray
    ) -> ClusteredPercentile:
        """The percentile of at least one value.

        Raises:
            ValueError: there are no values, one is NaN or infinite, q is not between 0 and 100, or there is not one
                cluster name a value.
        """
        import numpy as np

        sample = Percentile.of(values, q)
        order = np.argsort(np.asarray(values, dtype=np.float64), kind="stable")
        index = cluster_index(clusters)
        if index.size != len(values):
            raise ValueError(f"{len(values)} values but {index.size} cluster names")
        return cls(sample.values, tuple(index[order].tolist()), q, int(index.max()) + 1)

    @property
    def value(self) -> float:
        """The observed percentile over values."""
        return Percentile(self.values, self.q, len(self.values)).value

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """The innermost values of the sample that bound the percentile at `level`."""
        import numpy as np

        index, share = np.array(self.index), self.q / 100
        sizes = np.bincount(index).astype(np.float64)
        shapes = np.array([1.0, *np.full(sizes.size, self.n / sizes.size)])

        def holds(members: np.ndarray, least: float) -> bool:
            """Whether the share of values among `members` is shown to be at least that large."""
            inside = np.bincount(members, minlength=sizes.size)
            distances = np.array([-least * sizes.max(), *(inside - least * sizes)])
            return tail_probability(distances, shapes) <= 1 - level

        # How many of the lowest or highest values may be left out: what is left must still be shown to be a large enough part.
        total = len(self.values)
        from_bottom = _highest(total, lambda rank: holds(index[rank - 1 :], 1 - share))
        from_top = _highest(total, lambda rank: holds(index[: total + 1 - rank], share))
        absent = [side for side, rank in (("lower", from_bottom), ("upper", from_top)) if rank == 0]
        reason = f"{self.n} clusters are too few for a {level:.1%} {' or '.join(absent)} bound of percentile {self.q:g}"
        return Bounds(
            self.values[from_bottom - 1] if from_bottom else None,
            self.values[total - from_top] if from_top else None,
            level,
            "order statistics (clusters)",
            reason if absent else None,
        )

    def at(self, n: int) -> ClusteredPercentile:
        """The same empirical distribution in `n` clusters."""
        return replace(self, n=n)


def _at_least(rank: int, n: int, share: float) -> float:
    """P(Bin(n, share) ≥ rank), for rank ≥ 1."""
    from scipy.special import betainc

    return float(betainc(rank, n - rank + 1, share))


def _highest(n: int, holds: Callable[[int], bool]) -> int:
    """The highest rank of 1…n at which `holds`, which it then does at every lower one; 0 if at none."""
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
