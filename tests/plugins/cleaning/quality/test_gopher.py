"""Gopher's quality rules: each at its threshold and just beyond, by hand."""

from __future__ import annotations

import pytest

from seatrial.errors import UsageError
from seatrial_plugins.cleaning import build_quality


def lines(of_one: int, one: str, of_other: int, other: str) -> str:
    return "\n".join([one] * of_one + [other] * of_other)


@pytest.mark.parametrize(
    ("rule", "at", "beyond", "score", "detail"),
    [
        ("few-words", "word " * 50, "word " * 49, 49, "49 words, at least 50 wanted"),
        ("many-words", "word " * 100_000, "word " * 100_001, 100_001, "100001 words, at most 100000 wanted"),
        ("word-length", "abc abc", "abc ab", 2.5, "words of 2.50 characters on average, 3 to 10 wanted"),
        (
            "word-length",
            "abcdefghij",
            "abcdefghij abcdefghijk",
            10.5,
            "words of 10.50 characters on average, 3 to 10 wanted",
        ),
        ("symbols", "#a" + " b" * 9, "#a" + " b" * 8, 1 / 9, "1 hashes in 9 words, at most 0.1 a word wanted"),
        ("symbols", "a..." + " b" * 9, "a…" + " b" * 8, 1 / 9, "1 ellipses in 9 words, at most 0.1 a word wanted"),
        (
            "bullets",
            lines(18, "• a", 2, "b"),
            lines(19, "- a", 1, "b"),
            0.95,
            "19 of 20 lines start with a bullet, at most 0.9 of them wanted",
        ),
        (
            "ellipses",
            lines(3, "a...", 7, "b"),
            lines(4, "a… ", 6, "b"),
            0.4,
            "4 of 10 lines end with an ellipsis, at most 0.3 of them wanted",
        ),
        (
            "alphabetic",
            "a " * 8 + "1 2",
            "a " * 7 + "1 2 3",
            0.7,
            "7 of 10 words have a letter, at least 0.8 of them wanted",
        ),
        ("stop-words", "(The end of", "The the", 1, "1 of the stop words, at least 2 different ones of 8 wanted"),
    ],
)
def test_each_rule_at_its_threshold_and_beyond(quality, rule, at, beyond, score, detail):
    name = f"gopher-{rule}"
    assert quality(at, rules=[name]) == []
    (finding,) = quality(beyond, rules=[name])
    assert (finding.rule, finding.score, finding.detail) == (name, pytest.approx(score), detail)


def test_thresholds_are_options(quality):
    assert quality("eins zwei", rules=["gopher-few-words"], min_words=2) == []
    assert quality("der und", rules=["gopher-stop-words"], stop_words=["DER", "und"]) == []
    assert [f.rule for f in quality("a b", rules=["gopher-many-words"], min_words=1, max_words=1)] == [
        "gopher-many-words"
    ]


def test_a_text_without_words_only_has_too_few(quality):
    for text in ("", "   ", "\n\n", "\u2003"):
        assert [f.rule for f in quality(text, rules=["gopher"])] == ["gopher-few-words"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_words": 5, "max_words": 4}, r"max_words \(4\) is below min_words \(5\)"),
        ({"min_mean_word_length": 5.0, "max_mean_word_length": 4.0}, r"max_mean_word_length \(4.0\) is below"),
    ],
)
def test_thresholds_that_leave_nothing_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        build_quality(**options)
