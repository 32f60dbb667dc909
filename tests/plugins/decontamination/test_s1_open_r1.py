"""s1's and Open R1's rule: any shared 8-gram of lower-case words with their punctuation."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("train", "held_out", "score"),
    [
        ("x A B c d e f g H x", "a b c d e f g h i j", 0.8),
        ("a b c d e f g", "a b c d e f g", None),
        ("a b c d e f g x h", "a b c d e f g h", None),
        # punctuation is a part of the word; white space is collapsed
        ("a b c d e f g, h", "a b c d e f g h", None),
        ("a  b\nc d\te f g, h", "a b c d e f g, h", 1.0),
        ("1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8.", None),
        ("1 2 3 4 5 6 7 8.", "0 1 2 3 4 5 6 7 8.", 8 / 9),
        # a punctuation mark is a word, and three Han characters are two
        ("请问我的银行卡，现在为什么不", "我的银行卡，现在为什么", 1.0),
        ("请问我的银行卡，现在为什不", "我的银行卡，现在为什么", None),
        ("我的银行卡里有十元", "你的银行卡里有几元钱", None),
        ("", "", None),
    ],
)
def test_one_8_gram_is_enough(hits, train, held_out, score):
    expected = [] if score is None else [("train0", "test0", pytest.approx(score))]
    assert hits("s1_open_r1", [train], [held_out]) == expected


def test_short_texts_are_found_as_a_whole_where_that_is_asked_for(hits):
    assert hits("s1_open_r1", ["so: what is it?"], ["What is it?"]) == []
    assert hits("s1_open_r1", ["so: what is it?"], ["What is it?"], short=True) == [("train0", "test0", 1.0)]
    assert hits("s1_open_r1", ["so: what is it"], ["What is it?"], short=True) == []


def test_the_finding_tells_the_share(look):
    (finding,) = look("s1_open_r1", ["a b c d e f g h"], ["a b c d e f g h i j"])
    assert finding.detail == "test row test0: 80% of its words lie in shared 8-grams"
