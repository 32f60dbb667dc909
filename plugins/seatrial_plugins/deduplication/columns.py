"""Columns of signatures as arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

__all__ = ["lists_of", "matrix_of"]


def lists_of(matrix: np.ndarray) -> pa.FixedSizeListArray:
    """An array of shape [rows, width] as a column of lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def matrix_of(column: pa.ChunkedArray, rows: np.ndarray) -> np.ndarray:
    """Some rows, in their order, of a column that `lists_of` made; shape [rows, width]."""
    width = column.type.list_size
    found = np.empty((len(rows), width), dtype=column.type.value_type.to_pandas_dtype())
    order = np.argsort(rows, kind="stable")
    start = done = 0
    for chunk in column.chunks:
        until = int(np.searchsorted(rows, start + len(chunk), sorter=order))
        places = order[done:until]
        found[places] = chunk.flatten().to_numpy().reshape(-1, width)[rows[places] - start]
        start, done = start + len(chunk), until
    return found
