"""Clusters: observations that repeat each other, and therefore count together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["cluster_index", "cluster_totals", "clustered_standard_error"]


def cluster_index(clusters: Iterable[Hashable]) -> np.ndarray:
    """The cluster of each value as a number from 0 up, in the order in which they are first named."""
    import numpy as np

    places: dict[Hashable, int] = {}
    return np.array([places.setdefault(name, len(places)) for name in clusters], dtype=np.intp)


def cluster_totals(
    values: Sequence[float] | np.ndarray, clusters: Sequence[Hashable] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the values of each cluster add up to, and how many they are.

    Raises:
        ValueError: there is not one cluster name a value.
    """
    import numpy as np

    index = cluster_index(clusters)
    if index.size != len(values):
        raise ValueError(f"{len(values)} values but {index.size} cluster names")
    return np.bincount(index, weights=np.asarray(values, dtype=np.float64)), np.bincount(index).astype(np.float64)


def clustered_standard_error(values: Sequence[float] | np.ndarray, clusters: Sequence[Hashable] | np.ndarray) -> float:
    """The standard error of a mean whose values come in clusters (questions about one text, copies of one row).

    (1/n)·sqrt(C/(C-1) · Σ over clusters of (sum of the cluster's residuals)²), with C clusters: Miller
    (arXiv 2411.00640), with the small-sample factor that Inspect applies. It plans (`minimum_detectable_difference`);
    no gate decides on it, since few or unequal clusters make it too small.

    Raises:
        ValueError: the two differ in length, or there are fewer than two clusters.
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    sums, _ = cluster_totals(array - array.mean(), clusters)
    count = sums.size
    if count < 2:
        raise ValueError("a clustered standard error needs at least two clusters")
    return float(np.sqrt(count / (count - 1) * np.sum(sums**2)) / array.size)
