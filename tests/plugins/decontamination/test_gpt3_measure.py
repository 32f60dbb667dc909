"""GPT-3's measure: N from the lengths of a data set's examples, and any shared N-gram."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial_plugins.decontamination.gpt3_measure import gram_length


@pytest.mark.parametrize(
    ("lengths", "n"),
    [
        ([], 8),
        ([3, 3, 3], 8),
        ([40] * 20, 13),
        ([10] * 20, 10),
        # numpy's percentile of 0..100 at 5% is 5, under the minimum; of 100 examples of 11 and more it is between
        (range(101), 8),
        (range(9, 110), 13),
        ([9] * 4 + [12] * 16, 9),
        ([9] + [12] * 99, 12),
    ],
)
def test_n_is_the_fifth_percentile_from_8_to_13(lengths, n):
    assert gram_length(np.array(list(lengths))) == n


def test_any_shared_n_gram_is_dirty(hits, letters):
    held_out = [letters("abcdefghij"), letters("0123456789")]  # N is 10
    assert hits("gpt3_measure", [letters("xabcdefghij"), letters("abcdefghi")], held_out) == [("train0", "test0", 1.0)]
    assert hits("gpt3_measure", ["0 1, 2 3 4 5 6 7 8 9!"], held_out) == [("train0", "test1", 1.0)]


def test_each_benchmark_has_its_own_n(hits, letters):
    shared = letters("abcdefgh")
    held_out = [letters("abcdefghijklmnop")] * 3  # N is 13
    assert hits("gpt3_measure", [shared], held_out) == []
    against = {"short": [shared, ""]}  # N is 8
    assert hits("gpt3_measure", [shared], held_out, against=against) == [("train0", "short/0", 1.0)]


def test_case_punctuation_and_unicode(hits):
    held_out = ["Don't pay $3.50, she said; it's only 20% off!"]  # dont pay 350 she said its only 20 off
    assert hits("gpt3_measure", ["dont PAY 350 she said its only 20 off"], held_out) == [("train0", "test0", 1.0)]
    assert hits("gpt3_measure", ["dont pay 351 she said its only 20 off"], held_out) == []
    assert hits("gpt3_measure", ["请问我的银行卡现在到底在哪"], ["我的银行卡现在到底在哪？"]) == []
    assert hits("gpt3_measure", ["请问我的银行卡现在到底在哪里"], ["我的银行卡现在到底在哪里？"]) == [
        ("train0", "test0", 1.0)
    ]


def test_texts_shorter_than_n_are_clean_unless_asked_for(hits, letters):
    held_out = [letters("abcdefg"), "", "a"]
    assert hits("gpt3_measure", [letters("abcdefg")], held_out) == []
    assert hits("gpt3_measure", [letters("xabcdefgx")], held_out, short=True) == [("train0", "test0", 1.0)]
