"""Columns of lists come back as the rows that were asked for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.deduplication.columns import lists_of, matrix_of


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.data())
def test_rows_of_a_chunked_column(sizes, data):
    whole = np.arange(3 * sum(sizes), dtype=np.float32).reshape(-1, 3)
    parts = np.split(whole, np.cumsum(sizes)[:-1])
    column = pa.chunked_array([lists_of(part) for part in parts])
    rows = np.array(
        data.draw(st.lists(st.integers(0, max(len(whole) - 1, 0)), max_size=9 * bool(len(whole)))), dtype=int
    )
    found = matrix_of(column, rows)
    assert found.dtype == np.float32
    assert found.tolist() == whole[rows].tolist()
