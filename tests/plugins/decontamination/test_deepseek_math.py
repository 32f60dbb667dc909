"""DeepSeekMath's rule, with its fallback for short texts, against overlaps counted by hand."""

from __future__ import annotations

import pytest


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
def test_any_10_gram_or_a_short_text_as_a_whole(hits, letters, train, held_out, score):
    expected = [] if score is None else [("train0", "test0", pytest.approx(score))]
    assert hits("deepseek_math", [letters(train)], [letters(held_out)]) == expected


def test_numbers_are_told_apart(hits):
    assert hits("deepseek_math", ["what is 12 + 3"], ["what is 12 + 4"]) == []
    assert len(hits("deepseek_math", ["so, what is 12 + 4?"], ["What is 12 + 4"])) == 1


def test_chinese_and_emoji(hits):
    # three Han characters are two words: three words are four or five, and ten fifteen
    assert hits("deepseek_math", ["你好，世界！再见"], ["好世界再见"]) == [("train0", "test0", 1.0)]
    assert hits("deepseek_math", ["你好，世界！再见"], ["世界再"]) == []
    numbers = "一二三四五六七八九十百千万亿兆"
    assert hits("deepseek_math", [f"{numbers}甲"], [f"乙{numbers}"]) == [("train0", "test0", pytest.approx(15 / 16))]
    assert hits("deepseek_math", [f"{numbers[1:]}甲"], [f"乙{numbers}"]) == []
    assert hits("deepseek_math", ["👍 👍 👎"], ["👍 👍 👍"]) == []


def test_on_all_reads_the_answer_too(hits, letters):
    train, held_out = ("x", letters("abcdefghij")), letters("abcdefghij")
    assert hits("deepseek_math", [train], [held_out]) == []
    assert len(hits("deepseek_math", [train], [held_out], on="all")) == 1
