"""Jaccard similarities are those of Python's sets."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.deduplication import jaccard
from seatrial_plugins.deduplication.jaccard import ShingleSets

LISTS = pa.large_list(pa.uint32())


@pytest.mark.parametrize("block", [1, 5, 1000])
@settings(deadline=None)
@given(
    sets=st.lists(st.lists(st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1]), max_size=6), max_size=6),
    cut=st.integers(0, 6),
)
def test_similarities_of_all_pairs(block, sets, cut):
    column = pa.chunked_array([pa.array(sets[:cut], LISTS), pa.array(sets[cut:], LISTS)])
    pairs = np.array([*product(range(len(sets)), repeat=2)], dtype=np.int64).reshape(-1, 2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jaccard, "_BLOCK", block)
        found = ShingleSets(column).similarities(pairs[:, 0], pairs[:, 1])
    expected = [
        len({*sets[i]} & {*sets[j]}) / len({*sets[i], *sets[j]}) if sets[i] or sets[j] else 0.0 for i, j in pairs
    ]
    assert found.tolist() == expected


def test_a_sliced_column():
    column = pa.chunked_array([pa.array([[9], [1, 2], [2, 3]], LISTS)]).slice(1)
    assert ShingleSets(column).similarities(np.array([0]), np.array([1])).tolist() == [1 / 3]
