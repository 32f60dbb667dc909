"""Exact: equality after normalising, whatever the system turn, and with the same choices."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.rows import Choice


def row(text: str, answer: str = "ok", choices=(), system: str = "", name: str = "") -> Row:
    turns = (Turn("system", system),) * bool(system) + (Turn("user", text), Turn("assistant", answer))
    return Row(
        name or text, turns, "chat", "s", "f", 1, expected=Choice(tuple(choices)) if choices else None, split="test"
    )


def test_texts_that_are_equal_after_normalising_are_found(hits):
    assert hits("exact", ["WHERE is it?"], ["here", "where is it"]) == [("train0", "test1", 1.0)]
    assert hits("exact", ["where is 3.5"], ["where is 35"]) == []
    assert hits("exact", ["你好，世界"], ["你好 世界！", "再见"]) == [("train0", "test0", 1.0)]


def test_copies_among_the_held_out_rows_are_one_text(look):
    findings = look("exact", ["q"], ["q", "other", "Q!"], side="test")
    assert [finding.row for finding in findings] == ["test0", "test2"]


def test_system_turns_are_left_out(hits):
    assert hits("exact", [row("q", system="You are a router.", name="r")], ["q"]) == [("r", "test0", 1.0)]


def test_choices_count_where_both_have_some(hits):
    held_out = row("Which is true?", choices=("a", "b"), name="h")
    assert len(hits("exact", [row("Which is true?", choices=("B", "A"), name="r")], [held_out])) == 1
    assert hits("exact", [row("Which is true?", choices=("a", "c"), name="r")], [held_out]) == []
    assert len(hits("exact", [row("Which is true?", name="r")], [held_out])) == 1


def test_on_all_compares_the_answer_too(hits):
    assert hits("exact", [("q", "one")], [("q", "two")], on="all") == []
    assert len(hits("exact", [("q", "one")], [("q", "One.")], on="all")) == 1


@pytest.mark.parametrize("nothing", ["", " ", "\u200b"])
def test_texts_with_nothing_to_see_are_never_equal(hits, nothing):
    assert hits("exact", [nothing], [nothing]) == []


def test_one_word_emoji_and_punctuation_are_compared_too(hits):
    assert len(hits("exact", ["Yes"], ["yes!"])) == 1
    assert hits("exact", ["👍"], ["👎"]) == []
    assert hits("exact", ["?"], ["!"]) == []
    assert hits("exact", ["a"], []) == []


def test_characters_that_are_han_once_normalised_are_not_passed_over(hits):
    assert hits("exact", ["⺟ and 1日"], ["母 and ㏠"]) == [("train0", "test0", 1.0)]
