"""Tülu 3's rule against overlaps counted by hand."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial_plugins.leakage.tulu3 import Tulu3


def row(*said: str) -> Row:
    return Row("r", tuple(Turn(("user", "assistant")[i % 2], text) for i, text in enumerate(said)), "chat", "s", "f", 1)


def letters(text: str) -> str:
    return " ".join(text)


def hits(train: Row, *held_out: Row, template: float = 1.0) -> list[tuple[int, float]]:
    return [(overlap.item, overlap.score) for overlap in Tulu3(held_out, template).find(train)]


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
def test_more_than_half_of_the_words_must_lie_in_shared_8_grams(train, held_out, score):
    assert hits(row(letters(train)), row(letters(held_out))) == ([] if score is None else [(0, pytest.approx(score))])


def test_the_half_must_come_from_one_train_row():
    held_out = row(letters("abcdefghijklmnopq"))
    assert hits(row(letters("abcdefgh")), held_out) == []
    assert hits(row(letters("jklmnopq")), held_out) == []
    assert hits(row(letters("abcdefgh") + " x " + letters("jklmnopq")), held_out) == [(0, pytest.approx(16 / 17))]


def test_only_user_turns_count():
    text = letters("abcdefgh")
    assert hits(row("x", text), row(text)) == []
    assert hits(row("x", "y", text, "z"), row(text, "other answer")) == [(0, 1.0)]
    assert hits(row(text), row("x", text)) == []


def test_case_punctuation_and_width_do_not_matter():
    assert hits(
        row("One, two; three: FOUR five six seven — eight!"), row("one two three ｆｏｕｒ five six seven eight")
    ) == [(0, 1.0)]


def test_chinese_is_counted_by_character():
    assert hits(row("请问我的银行卡在哪里"), row("我的银行卡在哪里？")) == [(0, 1.0)]
    # 7 shared characters
    assert hits(row("我的银行卡在这"), row("我的银行卡在哪里？")) == []


def test_the_overlap_names_the_words_on_both_sides():
    (overlap,) = Tulu3([row(letters("abcdefghij"))], 1.0).find(row(letters("xyabcdefgh")))
    assert overlap.in_train == frozenset(range(2, 10))
    assert overlap.in_item == frozenset(range(8))
