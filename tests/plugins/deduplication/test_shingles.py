"""Shingles are the framed n-grams of each text by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.deduplication.shingles import shingle
from seatrial_plugins.deduplication.word_hashes import hash_words


def by_text(texts: list[str], n: int = 3, contexts: list[int] | None = None) -> list[list[int]]:
    found = shingle(hash_words(texts), n, np.array(contexts or [0] * len(texts), dtype=np.uint64))
    return [part.tolist() for part in np.split(found.hashes, np.cumsum(found.counts))[:-1]]


def framed(text: str, n: int) -> list[tuple[str, ...]]:
    words = [""] * (n - 1) + text.split() + [""] * (n - 1)
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)] if text.split() else []


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join), max_size=6), st.integers(1, 4))
def test_two_shingles_are_equal_where_their_words_are(texts, n):
    expected = [framed(text, n) for text in texts]
    found = by_text(texts, n)
    assert [len(each) for each in found] == [len(each) for each in expected]
    pairs = {
        (one, other)
        for ours, theirs in zip(found, expected, strict=True)
        for one, other in zip(ours, theirs, strict=True)
    }
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


def test_a_word_has_n_shingles_and_a_text_without_words_none():
    assert [len(each) for each in by_text(["", "one", "one two", "?"])] == [0, 3, 4, 0]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_texts_of_other_contexts_share_nothing(n):
    plain, other, same = by_text(["a b c", "a b c", "a b c"], n, [0, 5, 5])
    assert not set(plain) & set(other)
    assert other == same


def test_the_documented_similarity_of_texts_that_differ_in_a_word():
    for count in (1, 2, 6, 24, 25, 100):
        words = [f"w{index}" for index in range(count)]
        one, other = map(set, by_text([" ".join(words), " ".join(["x", *words[1:]])]))
        assert len(one & other) / len(one | other) == (count - 1) / (count + 5)
