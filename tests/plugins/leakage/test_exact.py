"""Exact: equality after normalising, whatever the system turn, and with the same choices."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial_plugins.leakage.exact import Exact


def row(text: str, answer: str = "ok", choices=(), system: str = "") -> Row:
    turns = (Turn("system", system),) * bool(system) + (Turn("user", text), Turn("assistant", answer))
    return Row(text, turns, "chat", "s", "f", 1, choices=tuple(choices))


def hits(train: Row, *held_out: Row, on="input") -> list[tuple[int, float]]:
    return [(overlap.item, overlap.score) for overlap in Exact(held_out, on).find(train)]


def test_texts_that_are_equal_after_normalising_are_found():
    assert hits(row("WHERE is it?"), row("here"), row("where is it")) == [(1, 1.0)]
    assert hits(row("where is 3.5"), row("where is 35")) == []
    assert hits(row("你好，世界"), row("你好 世界！"), row("再见")) == [(0, 1.0)]


def test_copies_among_the_held_out_rows_are_one_text():
    exact = Exact([row("q"), row("other"), row("Q!")], "input")
    (overlap,) = exact.find(row("q"))
    assert exact.alike(overlap.item) == (0, 2)


def test_system_turns_are_left_out():
    assert hits(row("q", system="You are a router."), row("q")) == [(0, 1.0)]


def test_choices_count_where_both_have_some():
    held_out = row("Which is true?", choices=("a", "b"))
    assert hits(row("Which is true?", choices=("B", "A")), held_out) == [(0, 1.0)]
    assert hits(row("Which is true?", choices=("a", "c")), held_out) == []
    assert hits(row("Which is true?"), held_out) == [(0, 1.0)]


def test_on_all_compares_the_answer_too():
    assert hits(row("q", "one"), row("q", "two"), on="all") == []
    assert hits(row("q", "one"), row("q", "One."), on="all") == [(0, 1.0)]


@pytest.mark.parametrize("nothing", ["", " ", "\u200b"])
def test_texts_with_nothing_to_see_are_never_equal(nothing):
    assert hits(row(nothing), row(nothing)) == []


def test_one_word_emoji_and_punctuation_are_compared_too():
    assert hits(row("Yes"), row("yes!")) == [(0, 1.0)]
    assert hits(row("👍"), row("👎")) == []
    assert hits(row("?"), row("!")) == []
    assert hits(row("a", system="s"), *[]) == []
