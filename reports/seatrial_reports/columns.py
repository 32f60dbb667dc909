"""Columns: a ledger of millions of entries is counted column by column, never entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["chosen", "grouped", "truths"]


def grouped(table: pa.Table, names: Sequence[str]) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """The different values of some columns together, in the order in which they appear, and which of them each row has."""
    import numpy as np

    coded = [table[name].combine_chunks().dictionary_encode() for name in names]
    codes = np.stack([one.indices.fill_null(-1).to_numpy(zero_copy_only=False) for one in coded])
    values, first, group = np.unique(codes, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    words = [[*one.dictionary.to_pylist(), ""] for one in coded]
    keys = [tuple(word[code] or "" for word, code in zip(words, column, strict=True)) for column in values.T[order]]
    return keys, place[group.ravel()]


def chosen(table: pa.Table, names: Sequence[str], wanted: Callable[..., bool]) -> np.ndarray:
    """Where the rows stand whose values of those columns are wanted."""
    import numpy as np

    keys, group = grouped(table, names)
    kept = np.array([wanted(*key) for key in keys], dtype=bool)
    places: np.ndarray = np.flatnonzero(kept[group]) if keys else np.array([], dtype=np.intp)
    return places


def truths(column: pa.ChunkedArray) -> np.ndarray:
    """A column of truth values, null as false."""
    values: np.ndarray = column.combine_chunks().fill_null(False).to_numpy(zero_copy_only=False)
    return values
