"""Topics: clusters of an encoder's vectors."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

__all__ = ["Topics", "Vectors", "find_topics", "how_many"]

MOST = 100
"""Topics at most, unless the suite says how many: nobody reads more."""

_ITERATIONS = 100

_BLOCK = 10_000
"""Rows whose vectors are held at a time."""


class Vectors:
    """Unit vectors of all rows, in a column of lists of one length, which may be mapped from a file."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column
        self.dimensions: int = column.type.list_size

    def __len__(self) -> int:
        return len(self._column)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first row, vectors of shape [rows, dimensions]), so many at a time.

        Blocks are cut alike however the column was put together: sums and products in other pieces differ in a last bit.
        """
        for start in range(0, len(self._column), _BLOCK):
            chunks = self._column.slice(start, _BLOCK).chunks
            yield start, pa.concat_arrays(chunks).flatten().to_numpy().reshape(-1, self.dimensions)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of some rows, given in ascending order."""
        parts = [
            block[rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + len(block))] - start]
            for start, block in self.blocks()
        ]
        return np.concatenate([np.zeros((0, self.dimensions), dtype=np.float32), *parts])


@dataclass(frozen=True, slots=True)
class Topics:
    """A topic for each row."""

    of: np.ndarray
    """The topic of each row, -1 for one that the encoder cannot read; shape [rows]."""
    central: tuple[int, ...]
    """For each topic, the row nearest to its centre."""
    fitted: int
    """Rows that the centres were fitted on."""

    @property
    def count(self) -> int:
        """How many topics there are."""
        return len(self.central)


def how_many(rows: int) -> int:
    """√(rows / 2), the rule of thumb of Mardia, Kent and Bibby (Multivariate Analysis, 1979, page 365), from 1 to 100."""
    return min(max(round(math.sqrt(rows / 2)), 1), MOST)


def find_topics(vectors: Vectors, draw: np.ndarray, *, topics: int | None, sample: int, seed: int) -> Topics:
    """Cluster rows by k-means; topics are ordered by size.

    Args:
        vectors: a zero vector is of no topic.
        draw: a random number for each row; those with the smallest are fitted on. Shape [rows].
        topics: how many; None for `how_many`. Never more than there are different vectors.
        sample: the most rows that are fitted on.
        seed: of the first centres.
    """
    said = np.zeros(len(vectors), dtype=bool)
    for start, block in vectors.blocks():
        said[start : start + len(block)] = np.einsum("ij,ij->i", block, block) > 0
    rows = np.flatnonzero(said)
    if not len(rows):
        return Topics(np.full(len(vectors), -1), (), 0)
    fitted = np.sort(rows[np.argsort(draw[rows], kind="stable")[:sample]])
    points = vectors.take(fitted)
    different = len({point.tobytes() for point in points})
    centres = _centres(points, min(topics or how_many(len(rows)), different), seed)
    return _assigned(vectors, said, centres, len(fitted))


def _centres(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    # Threads add up in any order, and a last bit may put a row into another topic.
    with threadpool_limits(1, "openmp"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that rows which differ in a last bit make fewer clusters than asked for
        means = KMeans(count, n_init=1, max_iter=_ITERATIONS, random_state=seed).fit(points)
    centres: np.ndarray = means.cluster_centers_
    return centres


def _assigned(vectors: Vectors, said: np.ndarray, centres: np.ndarray, fitted: int) -> Topics:
    of = np.full(len(vectors), -1)
    nearest, central = np.full(len(centres), -np.inf), np.full(len(centres), -1)
    half = np.einsum("ij,ij->i", centres, centres) / 2
    for start, block in vectors.blocks():
        near = block @ centres.T - half  # grows as the distance falls: all rows are equally long
        best = near.argmax(axis=1)
        inside = said[start : start + len(block)]
        of[start : start + len(block)][inside] = best[inside]
        value = np.where(inside, near[np.arange(len(block)), best], -np.inf)
        for topic in np.unique(best[inside]):
            at = int(np.where(best == topic, value, -np.inf).argmax())
            if value[at] > nearest[topic]:
                nearest[topic], central[topic] = value[at], start + at
    sizes = np.bincount(of[said], minlength=len(centres))
    order = [int(topic) for topic in np.argsort(-sizes, kind="stable") if sizes[topic]]
    places = np.full(len(centres) + 1, -1)  # the last one stands for -1
    places[order] = np.arange(len(order))
    return Topics(places[of], tuple(int(central[topic]) for topic in order), fitted)
