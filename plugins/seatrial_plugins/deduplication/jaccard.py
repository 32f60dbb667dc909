"""Jaccard similarity of pairs of texts, exact, from the shingles in the signatures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

__all__ = ["ShingleSets"]

_BLOCK = 1 << 21
"""Shingles that are compared at a time: some 60 MB."""


class ShingleSets:
    """The sets of 32-bit shingles of a column, gathered as they are needed.

    Of two texts of 100 shingles each, two different shingles have one hash by chance in one pair of 430,000, which then
    counts as having one more in common.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        """`column`: lists of uint32, one a row, in chunks."""
        self._chunks = column.chunks
        self._starts = np.cumsum([0, *(len(chunk) for chunk in self._chunks)])
        offsets = [np.diff(chunk.offsets.to_numpy()) for chunk in self._chunks]
        self._sizes = np.concatenate(offsets) if offsets else np.empty(0, dtype=np.int64)

    def similarities(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """|A ∩ B| / |A ∪ B| of each pair of rows, float64; 0 where both are empty."""
        found = np.zeros(len(left))
        for block in self._blocks(left, right):
            rows, at = np.unique(np.concatenate((left[block], right[block])), return_inverse=True)
            sets = self._sets(rows)
            one, other = sets[at[: len(at) // 2]], sets[at[len(at) // 2 :]]
            shared = np.diff(one.multiply(other).indptr)
            union = np.diff(one.indptr) + np.diff(other.indptr) - shared
            found[block] = shared / np.maximum(union, 1)
        return found

    def _blocks(self, left: np.ndarray, right: np.ndarray) -> Iterator[slice]:
        work = np.cumsum(self._sizes[left] + self._sizes[right])
        start = 0
        while start < len(left):
            done = work[start - 1] if start else 0
            end = max(int(np.searchsorted(work, done + _BLOCK, side="right")), start + 1)
            yield slice(start, end)
            start = end

    def _sets(self, rows: np.ndarray) -> csr_matrix:
        """The sets of some rows, ascending, as a matrix of ones with a column for every hash there may be."""
        parts = []
        for chunk, start, end in zip(self._chunks, self._starts, self._starts[1:], strict=False):
            first, last = np.searchsorted(rows, (start, end))
            if first < last:
                parts.append(chunk.take(pa.array(rows[first:last] - start)).flatten().to_numpy())
        values = np.concatenate(parts).astype(np.int64) if parts else np.empty(0, dtype=np.int64)
        ends = np.concatenate(([0], np.cumsum(self._sizes[rows])))
        sets = csr_matrix((np.ones(len(values), dtype=np.int8), values, ends), shape=(len(rows), 1 << 32))
        sets.sum_duplicates()
        return sets
