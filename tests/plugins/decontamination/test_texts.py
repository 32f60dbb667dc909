"""Which turns are compared, and where a stretch of the compared text stands in the row."""

from __future__ import annotations

from seatrial import Row, Span, Turn
from seatrial_plugins.decontamination.texts import compared_text, compared_turns, merged, spans_of, stretch

TURNS = (Turn("system", "s"), Turn("user", "one, two three"), Turn("assistant", "x"), Turn("user", "four 五六"))
ROW = Row("r", TURNS, "chat", "s", "f", 1)


def test_system_turns_are_never_compared():
    assert compared_turns(ROW, "user") == (1, 3)
    assert compared_turns(ROW, "all") == compared_turns(ROW, "input") == (1, 2, 3)
    assert compared_text(ROW, "user") == "one, two three\nfour 五六"


def test_a_stretch_over_several_turns_is_cut_where_they_end():
    text = compared_text(ROW, "all")
    assert spans_of(ROW, "all", [(0, len(text))]) == (Span(1, 0, 14), Span(2, 0, 1), Span(3, 0, 7))
    assert spans_of(ROW, "user", [(5, 8), (9, 20)]) == (Span(1, 5, 8), Span(1, 9, 14), Span(3, 0, 5))
    assert spans_of(ROW, "user", [(14, 15)]) == ()  # the line break between turns
    assert spans_of(ROW, "user", []) == ()


def test_the_longest_stretch_is_quoted_as_the_row_writes_it():
    assert stretch(ROW, (Span(1, 0, 3), Span(3, 0, 6))) == "four 五"
    assert stretch(ROW, ()) is None


def test_runs_that_touch_are_one():
    assert merged([(5, 7), (0, 2), (2, 3), (6, 6)]) == ((0, 3), (5, 7))
    assert merged([]) == ()
