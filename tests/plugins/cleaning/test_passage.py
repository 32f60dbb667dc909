"""Passages: which turns are read, and where a place of the joined text stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Span, Turn
from seatrial_plugins.cleaning.passage import passage_of

TURNS = (
    Turn("system", "be kind"),
    Turn("user", "one"),
    Turn("assistant", "two"),
    Turn("tool", "42"),
    Turn("user", ""),
    Turn("assistant", "four"),
)


def row(*turns: Turn, format_: str = "chat") -> Row:
    return Row("r", turns, format_, "s", "f", 1)


@pytest.mark.parametrize(
    ("read", "text", "turns"),
    [("all", "one\ntwo\n\nfour", (1, 2, 4, 5)), ("input", "one\n", (1, 4)), ("answer", "four", (5,))],
)
def test_what_is_read_of_a_conversation(read, text, turns):
    passage = passage_of(row(*TURNS), read)
    assert (passage.text, passage.turns) == (text, turns)


@pytest.mark.parametrize("format_", ["text-label", "choice"])
def test_names_are_not_read(format_):
    labelled = row(Turn("user", "Where?"), Turn("assistant", "card_lost"), format_=format_)
    assert passage_of(labelled, "all").text == "Where?"
    assert passage_of(labelled, "input").text == "Where?"
    assert passage_of(labelled, "answer") is None


def test_rows_with_nothing_to_read():
    assert passage_of(row(), "all") is None
    assert passage_of(row(Turn("system", "x"), Turn("tool", "y")), "all") is None
    assert passage_of(row(Turn("user", "x")), "answer") is None
    assert passage_of(row(Turn("assistant", "x")), "input") is None
    assert passage_of(row(Turn("narrator", "x")), "all").text == "x"
    assert passage_of(row(Turn("user", "")), "all").text == ""


def test_a_stretch_over_turns_becomes_a_span_in_each():
    passage = passage_of(row(*TURNS), "all")
    assert list(passage.spans(1, 6)) == [Span(1, 1, 3), Span(2, 0, 2)]
    assert list(passage.spans(0, len(passage.text), "")) == [Span(1, 0, 3, ""), Span(2, 0, 3, ""), Span(5, 0, 4, "")]
    assert list(passage.spans(3, 4)) == [], "the newline between turns belongs to none"
    assert list(passage.spans(4, 4)) == []


@given(st.lists(st.text("ab\n", max_size=4), min_size=1, max_size=5), st.data())
def test_spans_hold_what_the_stretch_holds(texts, data):
    one = row(*(Turn("user", text) for text in texts))
    passage = passage_of(one, "all")
    start = data.draw(st.integers(0, len(passage.text)))
    end = data.draw(st.integers(start, len(passage.text)))
    joints = {place - 1 for place in passage.starts[1:]}
    expected = "".join(passage.text[place] for place in range(start, end) if place not in joints)
    assert (
        "".join(one.turns[span.turn].content[span.start : span.end] for span in passage.spans(start, end)) == expected
    )
