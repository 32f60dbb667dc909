"""Gopher's repetition rules: each at its threshold and just beyond, by hand."""

from __future__ import annotations

import pytest

from seatrial.errors import UsageError
from seatrial_plugins.cleaning import build_quality


def parts(copies: int, of: int, between: str) -> str:
    """So many parts, the last of them copies of the first."""
    return between.join([f"part {number}" for number in range(of - copies)] + ["part 0"] * copies)


def twice(n: int, characters: int, length: int) -> str:
    """A text of `length` characters in which one n-gram of so many characters stands twice, and nothing else does."""
    letters = " ".join("abcdefghij"[: n - 1])
    gram = f"{letters} {'z' * (characters - len(letters) - 1)}"
    text = f"{gram} Q {gram} "
    return text + "y" * (length - len(text))


@pytest.mark.parametrize(
    ("kind", "between"), [("line", "\n"), ("line", "\n \n"), ("paragraph", "\n\n"), ("paragraph", "\n\t\n\n")]
)
def test_copies_are_counted(quality, kind, between):
    name = f"gopher-duplicate-{kind}s"
    assert quality(parts(3, 10, between), rules=[name]) == []
    (finding,) = quality(parts(4, 10, between), rules=[name])
    assert finding.score == pytest.approx(0.4)
    assert finding.detail == f"4 of 10 {kind}s are copies, at most 0.3 of them wanted"
    assert len(finding.spans) == 4


@pytest.mark.parametrize(("kind", "between", "rest"), [("line", "\n", 10), ("paragraph", "\n\n", 8)])
def test_characters_of_copies_are_counted(quality, kind, between, rest):
    name = f"gopher-duplicate-{kind}-characters"
    text = between.join(["abcd", "abcd", "x" * rest])
    assert len(text) == 20, "4 of them in the copy"
    assert quality(text, rules=[name]) == []
    (finding,) = quality(text[:-1], rules=[name])
    assert finding.score == pytest.approx(4 / 19)
    assert finding.detail == f"0.211 of the characters stand in {kind}s that are copies, at most 0.2 wanted"
    assert [(span.start, span.end) for span in finding.spans] == [(4 + len(between), 8 + len(between))]


@pytest.mark.parametrize(("n", "most"), [(2, 0.2), (3, 0.18), (4, 0.16)])
def test_the_most_frequent_ngram(quality, n, most):
    name = f"gopher-top-{n}-gram"
    both = round(1000 * most)
    assert quality(twice(n, both // 2, 1000), rules=[name]) == []
    (finding,) = quality(twice(n, both // 2, 999), rules=[name])
    assert finding.score == pytest.approx(both / 999)
    assert (
        finding.detail
        == f"{both / 999:.3f} of the characters stand in the most frequent {n}-gram, at most {most:g} wanted"
    )
    assert [(span.start, span.end) for span in finding.spans] == [(0, both // 2), (both // 2 + 3, both + 3)]


@pytest.mark.parametrize(("n", "most"), [(5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1)])
def test_ngrams_that_occurred_before(quality, n, most):
    name = f"gopher-duplicate-{n}-grams"
    once = round(1000 * most)
    assert quality(twice(n, once, 1000), rules=[name]) == []
    (finding,) = quality(twice(n, once, 999), rules=[name])
    assert finding.score == pytest.approx(once / 999)
    assert [(span.start, span.end) for span in finding.spans] == [(once + 3, 2 * once + 3)]


def test_overlapping_ngrams_count_each_character_once(quality):
    # "x" forty times: 36 5-grams, of which all but the first are copies; together they cover words 2 to 40.
    (finding,) = quality("x " * 39 + "x", rules=["gopher-duplicate-5-grams"])
    assert finding.score == pytest.approx(77 / 79)
    assert [(span.start, span.end) for span in finding.spans] == [(2, 79)]


def test_of_two_ngrams_as_frequent_the_longer_counts(quality):
    text = "a b . long words . a b , long words ;"
    (finding,) = quality(text, rules=["gopher-top-2-gram"])
    assert finding.score == pytest.approx(2 * len("long words") / len(text))


def test_nothing_repeats_in_nothing(quality):
    for text in ("", " \n\n ", "word", "one two"):
        assert [f.rule for f in quality(text, rules=["gopher"]) if "duplicate" in f.rule or "-top-" in f.rule] == []


def test_wrong_numbers_of_shares_are_refused():
    with pytest.raises(UsageError, match="top_ngrams has 2 shares, and it takes 3, for n-grams of 2 to 4 words"):
        build_quality(top_ngrams=[0.2, 0.1])
    with pytest.raises(UsageError, match="duplicate_ngrams has 0 shares, and it takes 6"):
        build_quality(duplicate_ngrams=[])
