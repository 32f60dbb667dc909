"""Alignment against shares counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.model import WordVectors
from seatrial_plugins.decontamination.semantic_alignment import AlignedText, Rarity, alignment

DIRECTIONS = {"eggs": (1, 0), "ovals": (0.8, 0.6), "ducks": (0, 1), "16": (0.6, 0.8), "18": (0.6, 0.8), "three": (1, 0)}


def aligned(text: str, rarity: Rarity | None = None) -> AlignedText:
    spans, vectors, start = [], [], 0
    for word in text.split():
        spans.append((start, start + len(word)))
        vectors.append(DIRECTIONS.get(word.lower(), (0, 0)))
        start += len(word) + 1
    words = WordVectors(tuple(spans), np.array(vectors, dtype=np.float32).reshape(-1, 2))
    return AlignedText.of(text, words, rarity or Rarity([]))


def test_each_word_counts_as_much_as_its_nearest_word():
    # `eggs` finds `ovals` at 0.8, `ducks` itself; in the other direction the same
    assert alignment(aligned("eggs ducks"), aligned("ovals ducks")) == pytest.approx((0.8 + 1) / 2)


def test_rare_words_weigh_more():
    rarity = Rarity(["eggs and ducks", "eggs", "eggs"])
    assert rarity.weight("eggs") == pytest.approx(math.log(4 / 3.5))
    assert rarity.weight("ducks") == pytest.approx(math.log(4 / 1.5))
    assert rarity.weight("unheard") == pytest.approx(math.log(4 / 0.5))
    common, rare = rarity.weight("eggs"), rarity.weight("ducks")
    share = (0.8 * common + rare) / (common + rare)
    other_share = (0.8 * rarity.weight("ovals") + rare) / (rarity.weight("ovals") + rare)
    found = alignment(aligned("eggs ducks", rarity), aligned("ovals ducks", rarity))
    assert found == pytest.approx((share + other_share) / 2)


def test_the_shorter_text_counts_more():
    # every word of the short one is there, a quarter of the long one's: (1 × 4² + ¼ × 1²) / (4² + 1²)
    short, long = aligned("eggs"), aligned("eggs ducks ducks ducks")
    assert alignment(short, long) == pytest.approx((16 + 0.25) / 17)
    assert alignment(long, short) == alignment(short, long)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("16", "16", 1),
        ("16", "18", 0),
        ("three", "3", 1),
        ("Three", "three", 1),
        ("3", "eggs", 0),
        ("three", "eggs", 0),
    ],
)
def test_a_number_is_matched_by_the_same_number_only(one, other, expected):
    assert alignment(aligned(one), aligned(other)) == expected


def test_marks_are_left_out():
    assert alignment(aligned("eggs , !"), aligned("eggs ?")) == 1
    assert alignment(aligned("? !"), aligned("eggs")) == 0


def test_texts_without_words_have_nothing_in_common():
    assert alignment(aligned(""), aligned("eggs")) == 0
    assert alignment(aligned(""), aligned("")) == 0


@given(
    st.lists(st.sampled_from([*DIRECTIONS, ","]), max_size=8), st.lists(st.sampled_from([*DIRECTIONS, ","]), max_size=8)
)
def test_it_is_symmetric_and_at_most_1(one, other):
    found = alignment(aligned(" ".join(one)), aligned(" ".join(other)))
    assert found == pytest.approx(alignment(aligned(" ".join(other)), aligned(" ".join(one))))
    assert -1e-6 <= found <= 1 + 1e-6
