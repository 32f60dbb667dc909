"""Tülu 3's rule against overlaps counted by hand."""

from __future__ import annotations

import pytest

from seatrial import Span


@pytest.mark.parametrize(
    ("train", "held_out", "score"),
    [
        # 15 words, the first 8 shared: 8/15 > 1/2
        ("abcdefgh", "abcdefghijklmno", 8 / 15),
        # 16 words, the first 8 shared: exactly half is not more than half
        ("abcdefgh", "abcdefghijklmnop", None),
        # 16 words, 9 shared: two 8-grams
        ("abcdefghi", "abcdefghijklmnop", 9 / 16),
        # 7 words in a row are no 8-gram
        ("abcdefg", "abcdefgh", None),
        # two stretches of 8 in different places of one train row: 16 of 17
        ("hijklmnoXXabcdefgh", "abcdefghYhijklmno", 16 / 17),
        # 20 words: 8 at each end of 20 are 16/20
        ("mnopqrstXabcdefgh", "abcdefghijklmnopqrst", 16 / 20),
        # shorter than 8 words: never
        ("abcdefg", "abcdefg", None),
        ("abcdefgh", "", None),
        ("", "abcdefgh", None),
        # digits are words
        ("12345678", "12345678", 1.0),
        ("12345679", "12345678", None),
    ],
)
def test_more_than_half_of_the_words_must_lie_in_shared_8_grams(hits, letters, train, held_out, score):
    expected = [] if score is None else [("train0", "test0", pytest.approx(score))]
    assert hits("tulu3", [letters(train)], [letters(held_out)]) == expected


def test_the_half_must_come_from_one_train_row(hits, letters):
    held_out = letters("abcdefghijklmnopq")
    both = letters("abcdefgh") + " x " + letters("jklmnopq")
    assert hits("tulu3", [letters("abcdefgh"), letters("jklmnopq"), both], [held_out]) == [
        ("train2", "test0", pytest.approx(16 / 17))
    ]


def test_only_user_turns_count(hits, letters):
    text = letters("abcdefgh")
    assert hits("tulu3", [("x", text)], [text]) == []
    assert hits("tulu3", [("x", "y", text, "z")], [(text, "other answer")]) == [("train0", "test0", 1.0)]
    assert hits("tulu3", [text], [("x", text)]) == []


def test_case_punctuation_and_width_do_not_matter(hits):
    train = "One, two; three: FOUR five six seven — eight!"
    assert len(hits("tulu3", [train], ["one two three ｆｏｕｒ five six seven eight"])) == 1


def test_chinese_is_counted_by_character(hits):
    asked = "我的银行卡现在到底在哪里"  # 8 words are 12 characters, of which three are two words
    assert len(hits("tulu3", [f"请问{asked}"], [f"{asked}？"])) == 1
    assert hits("tulu3", [f"请问{asked[1:]}"], [f"{asked[1:]}？"]) == []
    # 7 shared characters
    assert hits("tulu3", ["我的银行卡在这"], ["我的银行卡在哪里？"]) == []


def test_short_texts_are_found_as_a_whole_where_that_is_asked_for(hits):
    assert hits("tulu3", ["so where is it now"], ["Where is it?"]) == []
    assert hits("tulu3", ["so where is it now"], ["Where is it?"], short=True) == [("train0", "test0", 1.0)]
    assert hits("tulu3", ["so where is it now"], ["is it"], short=True) == []


def test_the_finding_shows_the_shared_words(look, letters):
    (finding,) = look("tulu3", ["xy: " + letters("abcdefgh") + "!"], [letters("abcdefghij")])
    assert finding.spans == (Span(0, 4, 20),)
    assert finding.matched_text == "a b c d e f g h!"
    assert finding.detail == "test row test0: 80% of its words lie in shared 8-grams of the user turns"
