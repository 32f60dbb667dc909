"""Winnowing: two texts that share n words in a row share a fingerprint, always."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.deduplication.winnowing import fingerprints, grams
from seatrial_plugins.deduplication.word_hashes import hash_words


def prints_of(texts: list[list[str]], n: int) -> list[set[int]]:
    words = hash_words([" ".join(text) for text in texts])
    found = fingerprints(words, n)
    bounds = np.searchsorted(found.places, np.concatenate(([0], np.cumsum(words.counts))))
    return [set(found.hashes[start:end].tolist()) for start, end in pairwise(bounds)]


def stretches(text: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(text[start : start + n]) for start in range(len(text) - n + 1)}


TEXTS = st.lists(st.lists(st.sampled_from("abcde"), max_size=30), max_size=5)


@settings(deadline=None)
@given(TEXTS, st.lists(st.sampled_from("xyz"), min_size=8, max_size=12), st.integers(2, 8), st.randoms())
def test_texts_that_share_a_stretch_share_a_fingerprint(texts, planted, n, rng):
    texts = [*texts, planted, [*"pq", *planted[1:], *"rs"]]
    rng.shuffle(texts)
    found = prints_of(texts, n)
    for one, prints in zip(texts, found, strict=True):
        assert bool(prints) == (len(one) >= n)
        for other, others in zip(texts, found, strict=True):
            if stretches(one, n) & stretches(other, n):
                assert prints & others


@settings(deadline=None)
@given(TEXTS, st.integers(1, 8))
def test_grams_are_those_of_each_text(texts, n):
    words = hash_words([" ".join(text) for text in texts])
    found = grams(words, n)
    flat = [word for text in texts for word in text]
    pairs = {
        (hashed, tuple(flat[place : place + n]))
        for hashed, place in zip(found.hashes.tolist(), found.places, strict=True)
    }
    assert len(found.hashes) == sum(max(len(text) - n + 1, 0) for text in texts)
    assert {gram for _, gram in pairs} == set().union(*(stretches(text, n) for text in texts))
    assert len({hashed for hashed, _ in pairs}) == len({gram for _, gram in pairs}) == len(pairs)


@pytest.mark.parametrize("n", [2, 3, 10, 50])
def test_fingerprints_are_as_few_as_the_windows_ask_for(n):
    [found] = prints_of([[f"w{index}" for index in range(20_000)]], n)
    expected = 20_000 * 2 / (n - (n + 1) // 2 + 2)
    assert len(found) == pytest.approx(expected, rel=0.1)
