"""Qwen2-Math's rule: identical, or a shared 13-gram and a long common subsequence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.decontamination.subsequence import common_subsequence

sequences = st.lists(st.integers(0, 3), max_size=12)


@given(sequences, sequences)
def test_the_common_subsequence_agrees_with_the_table(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    assert common_subsequence(first, second) == table[-1][-1]


def test_a_common_subsequence_counted_by_hand():
    assert common_subsequence([1, 2, 3, 4, 5], [9, 1, 3, 5, 4]) == 3
    assert common_subsequence([], [1]) == common_subsequence([1], []) == 0
    assert common_subsequence(list(range(1_000)), list(range(0, 1_000, 2))) == 500


@pytest.mark.parametrize(
    ("train", "held_out", "score"),
    [
        # 13 shared of 20 and 20 words: 65%
        ("abcdefghijklm1234567", "abcdefghijklmnopqrst", 13 / 20),
        # of 22 and 22: 59%
        ("abcdefghijklm123456789", "abcdefghijklmnopqrstuv", None),
        # a subsequence may have gaps: 13 and then n, p, r of 22
        ("abcdefghijklmn1p2r3456", "abcdefghijklmnopqrstuv", 16 / 22),
        # of the shorter: a text of 14 inside a row of 40
        ("1" * 13 + "abcdefghijklmn" + "2" * 13, "abcdefghijklmn", 1.0),
        # 12 in a row are no 13-gram, however alike the texts are
        ("abcdefghijkl1mnopqrstuvwx", "abcdefghijklmnopqrstuvwx", None),
        # identical texts are found at any length
        ("ab", "ab", 1.0),
        ("1", "1", 1.0),
        ("1", "2", None),
        ("", "", None),
        ("abc", "abcd", None),
    ],
)
def test_a_13_gram_and_the_ratio_are_both_needed(hits, letters, train, held_out, score):
    expected = [] if score is None else [("train0", "test0", pytest.approx(score))]
    assert hits("qwen2_math", [letters(train)], [letters(held_out)]) == expected


def test_both_sides_are_normalised(hits):
    assert hits("qwen2_math", ["What is ３ + 4?"], ["what is 3 + 4"]) == [("train0", "test0", 1.0)]
    assert hits("qwen2_math", ["what is 3 + 5"], ["what is 3 + 4"]) == []
    assert hits("qwen2_math", ["小明有三个苹果和两个梨，共几个"], ["小明有三个苹果和两个梨共几个？"]) == [
        ("train0", "test0", 1.0)
    ]


def test_short_texts_inside_a_row_are_found_where_that_is_asked_for(hits):
    assert hits("qwen2_math", ["so where is it now"], ["Where is it?"]) == []
    assert hits("qwen2_math", ["so where is it now"], ["Where is it?"], short=True) == [("train0", "test0", 1.0)]


def test_the_finding_tells_the_ratio_and_shows_the_shared_words(look, letters):
    (finding,) = look("qwen2_math", [letters("abcdefghijklm1234567")], [letters("abcdefghijklmnopqrst")])
    assert finding.matched_text == letters("abcdefghijklm")
    assert finding.detail == "test row test0: the longest common subsequence has 65% of the shorter text's words"
