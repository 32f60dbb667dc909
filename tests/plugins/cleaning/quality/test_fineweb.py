"""FineWeb's rules: each at its threshold, where it is broken already, and just within, by hand."""

from __future__ import annotations

import pytest

LONG = "x" * 30


@pytest.mark.parametrize(
    ("rule", "within", "at", "score", "detail"),
    [
        (
            "end-marks",
            "\n".join(["a."] * 4 + ["a"] * 21),
            "\n".join(["a."] * 3 + ["a"] * 22),
            0.12,
            "3 of 25 lines end with an end mark, more than 0.12 of them wanted",
        ),
        (
            "duplicate-lines",
            "\n\n".join(["ab", "ab", "x" * 17]),
            "\n\n".join(["ab", "ab", "x" * 16]),
            0.1,
            "0.100 of the characters stand in lines that are copies, less than 0.1 wanted",
        ),
        (
            "short-lines",
            "\n".join([LONG[1:]] * 66 + [LONG] * 34),
            "\n".join([LONG[1:]] * 67 + [LONG] * 33),
            0.67,
            "67 of 100 lines are shorter than 30 characters, less than 0.67 of them wanted",
        ),
        (
            "newlines",
            "a b\nc d\ne f\ng h i j",
            "a b\nc d\ne f\ng h\ni j k l m",
            4 / 13,
            "4 line feeds in 13 words, at most 0.3 a word wanted",
        ),
    ],
)
def test_each_rule_within_its_threshold_and_at_it(quality, rule, within, at, score, detail):
    name = f"fineweb-{rule}"
    assert quality(within, rules=[name]) == []
    (finding,) = quality(at, rules=[name])
    assert (finding.rule, finding.score, finding.detail) == (name, pytest.approx(score), detail)


def test_a_text_without_lines_breaks_no_rule(quality):
    for text in ("", " ", "\n\n\n"):
        assert quality(text, rules=["fineweb"]) == []


def test_thresholds_are_options(quality):
    assert quality("a\na", rules=["fineweb-duplicate-lines"], min_duplicated_characters=0.6) == []
    assert len(quality("a\na", rules=["fineweb-duplicate-lines"], min_duplicated_characters=0.01)) == 1
