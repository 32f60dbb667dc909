"""Exact match, as `evaluate`'s module of that name defines it."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.accuracy.metrics import ExactMatch


def one(said: str, expected: str | list[str], **options: object) -> float:
    return ExactMatch().compute(predictions=[said], references=[expected], **options)["exact_match"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", "the"), ("", "an"), ("", "The."), ("...", "A"), ("the", "A"), ("an", "A"), ("5", "-5"), ("314", "3.14"),
        ("C", "C#"), ("C", "C++"), ("cat", "Cat"), ("cat", "the cat"), ("yes", "yes."), ("102", "10²"), ("Tänze", "Tanze"),
    ],
)  # fmt: skip
def test_what_differs_is_not_the_same(said, expected):
    assert one(said, expected) == 0.0
    assert one(expected, expected) == 1.0


def test_a_composed_letter_equals_a_decomposed_one():
    assert one("caf\u00e9", "cafe\u0301") == 1.0


@given(st.text(alphabet=" \t\n\u3000\u200b\ufeff"), st.text())
def test_an_answer_that_says_nothing_is_never_right(said, expected):
    for options in ({}, {"ignore_punctuation": True, "ignore_case": True, "ignore_numbers": True}):
        assert one(said, expected, **options) == 0.0


def test_the_best_of_several_references_counts():
    assert one("red ship", ["blue ship", "red ship"]) == 1.0
    assert one("green ship", ["blue ship", "red ship"]) == 0.0


def test_options_ignore_what_they_name_and_leave_what_would_be_nothing():
    assert one("Cat!", "cat", ignore_case=True, ignore_punctuation=True) == 1.0
    assert one("agent", "agent007", ignore_numbers=True) == 1.0
    assert one("the cat", "cat", regexes_to_ignore=["the "]) == 1.0
    assert one("?", "!", ignore_punctuation=True) == 0.0
    assert one("7", "5", ignore_numbers=True) == 0.0
    assert one("a", "b", regexes_to_ignore=["."]) == 0.0


@pytest.mark.parametrize("options", [
    {}, {"ignore_case": True}, {"ignore_punctuation": True}, {"ignore_numbers": True}, {"regexes_to_ignore": ["the ", "s$"]},
    {"regexes_to_ignore": ["[aeiou]"], "ignore_case": True, "ignore_punctuation": True, "ignore_numbers": True},
])  # fmt: skip
def test_it_agrees_with_the_published_definition_where_something_is_left(pairs, options):
    kept = 0
    for said, references in pairs:
        answer, reference = published(said, **options), published(references[0], **options)
        if answer.strip() and reference.strip():
            kept += 1
            assert one_item(said, references[0], options) == float(answer == reference), (said, references[0])
    assert kept > 1_400


def one_item(said: str, expected: str, options: dict) -> float:
    return ExactMatch().judge(**options)(said, [expected])["exact_match"]


def published(
    text: str, regexes_to_ignore=(), *, ignore_case=False, ignore_punctuation=False, ignore_numbers=False
) -> str:
    """The steps that the module's documentation lists, in its order."""
    for pattern in regexes_to_ignore:
        text = re.sub(pattern, "", text)
    text = text.lower() if ignore_case else text
    unwanted = (string.punctuation if ignore_punctuation else "") + (string.digits if ignore_numbers else "")
    return "".join(character for character in text if character not in unwanted)
