"""DeepSeekMath's rule, with its fallback for short texts, against overlaps counted by hand."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial_plugins.leakage.deepseek_math import DeepSeekMath


def row(*said: str) -> Row:
    return Row("r", tuple(Turn(("user", "assistant")[i % 2], text) for i, text in enumerate(said)), "chat", "s", "f", 1)


def letters(text: str) -> str:
    return " ".join(text)


def hits(train: Row, *held_out: Row, on="input", template: float = 1.0) -> list[tuple[int, float]]:
    return [(overlap.item, overlap.score) for overlap in DeepSeekMath(held_out, on, template).find(train)]


@pytest.mark.parametrize(
    ("train", "held_out", "score"),
    [
        # one shared 10-gram of a 20-word text is enough
        ("xxabcdefghijxx", "abcdefghijklmnopqrst", 10 / 20),
        # 9 shared words of a text of 10 or more are not
        ("abcdefghi", "abcdefghij", None),
        ("abcdefghixj", "abcdefghij", None),
        # texts of 3 to 9 words: the whole text, in one piece
        ("xabcdefghix", "abcdefghi", 1.0),
        ("xabcx", "abc", 1.0),
        ("abxc", "abc", None),
        ("abcdefgh", "abcdefghi", None),
        # texts of one or two words are left to `exact`
        ("ab", "ab", None),
        ("a", "a", None),
        ("", "abc", None),
        ("abc", "", None),
        ("1234567890", "1234567890", 1.0),
        ("1234567891", "1234567890", None),
        ("x345x", "345", 1.0),
    ],
)
def test_any_10_gram_or_a_short_text_as_a_whole(train, held_out, score):
    assert hits(row(letters(train)), row(letters(held_out))) == ([] if score is None else [(0, pytest.approx(score))])


def test_numbers_are_told_apart():
    assert hits(row("what is 12 + 3"), row("what is 12 + 4")) == []
    assert hits(row("so, what is 12 + 4?"), row("What is 12 + 4")) == [(0, 1.0)]


def test_chinese_and_emoji():
    assert hits(row("你好，世界！再见"), row("世界再")) == [(0, 1.0)]
    assert hits(row("一二三四五六七八九十甲"), row("乙一二三四五六七八九十")) == [(0, pytest.approx(10 / 11))]
    assert hits(row("👍 👍 👎"), row("👍 👍 👍")) == []


def test_on_all_reads_the_answer_too():
    train, held_out = row("x", letters("abcdefghij")), row(letters("abcdefghij"))
    assert hits(train, held_out) == []
    assert hits(train, held_out, on="all") == [(0, 1.0)]
