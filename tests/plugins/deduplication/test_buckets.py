"""Buckets: every pair of a small one, never the square of a large one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.deduplication import buckets
from seatrial_plugins.deduplication.buckets import CROWD, DEPTH, candidate_pairs


def pairs_of(keys) -> list[tuple[int, int]]:
    found = [
        (int(early), int(late))
        for later, earlier in candidate_pairs(np.array(keys, dtype=np.uint32))
        for late, early in zip(later, earlier, strict=True)
    ]
    assert all(early < late for early, late in found)
    return found


@settings(deadline=None)
@given(
    st.integers(0, CROWD).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=n, max_size=n)
    )
)
def test_texts_that_share_a_band_are_paired_once(keys):
    found = pairs_of(np.array(keys, dtype=np.uint32).reshape(-1, 3))
    shared = {(i, j) for i, j in combinations(range(len(keys)), 2) if any(map(int.__eq__, keys[i], keys[j]))}
    assert len(found) == len(set(found))
    assert set(found) == shared


def test_a_crowd_is_paired_with_its_first_text_and_grows_linearly():
    keys = np.full((5000, 3), 7)
    found = set(pairs_of(keys))
    assert {(0, late) for late in range(1, 5000)} <= found
    assert len(found) <= 5000 * 3 * (CROWD // 2 + DEPTH + 2)


def test_what_is_more_alike_in_a_crowd_is_still_paired():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 2**32, (3000, 25), dtype=np.uint64)
    keys[:, ::2] = 9  # a pattern that all rows are written to
    keys[2000] = keys[17]
    keys[2000, 1] = 5
    assert (17, 2000) in set(pairs_of(keys))


def test_more_pairs_than_are_held_come_in_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 40, (200, 4))
    whole = set(pairs_of(keys))
    monkeypatch.setattr(buckets, "_HELD", 50)
    assert len(list(candidate_pairs(keys.astype(np.uint32)))) > 2
    assert set(pairs_of(keys)) == whole


def test_no_texts():
    assert pairs_of(np.empty((0, 4))) == []
