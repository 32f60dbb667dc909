"""Columns: a ledger of millions of entries is counted column by column, never entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["chosen", "grouped", "numbered", "truths"]


def grouped(table: pa.Table, names: Sequence[str]) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """The different values of some columns together, in the order in which they appear, and which of them each row has."""
    import numpy as np

    group = np.zeros(len(table), dtype=np.int64)
    keys: list[tuple[str, ...]] = [()]
    for name in names:
        column = table[name].combine_chunks().fill_null("").dictionary_encode()
        words = column.dictionary.to_pylist()
        # Encoded anew after each column: the numbers stay below the square of the rows, whatever the columns hold.
        found, group = numbered(group * len(words) + column.indices.to_numpy())
        keys = [(*keys[place // len(words)], words[place % len(words)]) for place in found.tolist()]
    return keys, group


def numbered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values in the order in which they appear, and which of them each is."""
    import pyarrow as pa

    encoded = pa.array(values).dictionary_encode()
    return encoded.dictionary.to_numpy(), encoded.indices.to_numpy().astype("int64")


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
