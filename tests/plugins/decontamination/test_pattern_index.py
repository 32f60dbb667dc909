"""The pattern index finds exactly what comparing every place with every pattern finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.decontamination.pattern_index import PatternIndex

codes = st.lists(st.integers(-1, 2), max_size=40)


def index_of(patterns: list[list[int]]) -> PatternIndex:
    lengths = np.array([len(pattern) for pattern in patterns], dtype=np.int64)
    flat = np.array([code for pattern in patterns for code in pattern], dtype=np.int32)
    return PatternIndex(flat, np.cumsum(lengths) - lengths, lengths)


def found(patterns: list[list[int]], stream: list[int]) -> set[tuple[int, int]]:
    places, hit = index_of(patterns).find(np.array(stream, dtype=np.int32))
    pairs = list(zip(places.tolist(), hit.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert places.tolist() == sorted(places.tolist())
    return set(pairs)


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), max_size=12), codes)
def test_it_agrees_with_comparing_everything(patterns, stream):
    assert found(patterns, stream) == {
        (place, pattern)
        for pattern, wanted in enumerate(patterns)
        for place in range(len(stream) - len(wanted) + 1)
        if stream[place : place + len(wanted)] == wanted
    }


def test_equal_patterns_are_one_gram():
    index = index_of([[1, 2], [3], [1, 2], [2, 1]])
    assert index.gram[0] == index.gram[2]
    assert index.grams == 3
    places, grams = index.find_grams(np.array([1, 2, 3], dtype=np.int32))
    assert places.tolist() == [0, 2]
    assert index.lengths[grams].tolist() == [2, 1]


def test_matches_across_the_edge_of_a_chunk_are_found():
    stream = np.zeros(3 * (1 << 16), dtype=np.int32)
    wanted = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    places = [0, (1 << 16) - 7, (1 << 16), 2 * (1 << 16) - 13, len(stream) - 13]
    places.remove(1 << 16)  # it would overwrite the one before
    for place in places:
        stream[place : place + 13] = wanted
    assert index_of([wanted]).find(stream)[0].tolist() == places


def test_a_collision_of_hashes_makes_no_match(monkeypatch):
    # With every hash the same, only the comparison code by code is left.
    monkeypatch.setattr(PatternIndex, "_of_length", lambda self, hashed, places, width, length: hashed[places] * 0)
    assert found([[0, 1, 2]], [0, 1, 2, 0, 2, 1]) == {(0, 0)}


def test_different_patterns_with_one_hash_are_hashed_otherwise(monkeypatch):
    hashing, calls = PatternIndex._of_length, []

    def colliding(self, hashed, places, width, length):
        calls.append(width)
        return hashing(self, hashed, places, width, length) * (len(calls) > 1)

    monkeypatch.setattr(PatternIndex, "_of_length", colliding)
    assert found([[0, 1], [1, 0]], [0, 1, 0]) == {(0, 0), (1, 1)}


@pytest.mark.parametrize("stream", [[], [-1], [-1, -1, -1]])
def test_separators_and_nothing_match_nothing(stream):
    assert found([[0], [1, 2]], stream) == set()
    assert found([], stream) == set()
