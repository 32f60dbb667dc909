"""Rows: what is expected follows the last turn, and ids are those of what a row says."""

from dataclasses import replace

import pytest

from seatrial.rows import (
    Check,
    Choice,
    Image,
    Label,
    Preference,
    References,
    Row,
    Text,
    ToolCall,
    Turn,
    content_id,
)

ASK, SAY = Turn("user", "q"), Turn("assistant", "a")


def row(*turns, expected=None, **more):
    return Row("r", turns, "chat", "s", "f", 1, expected, **more)


@pytest.mark.parametrize(
    ("expected", "settled", "label", "choices"),
    [
        (None, References(("a",)), None, ()),
        (Label("a"), Label("a"), "a", ()),
        (Choice(("b", "a")), Choice(("b", "a"), 1), None, ("b", "a")),
        (Choice(("b", "c"), 1), Choice(("b", "c"), None), None, ("b", "c")),
        (References(("x", "b")), References(("a", "b")), None, ()),
        (Check("python", "f()"), Check("python", "f()"), None, ()),
        (Preference((Turn("assistant", "old"),), (ASK,)), Preference((SAY,), (ASK,)), None, ()),
    ],
)
def test_what_is_expected_agrees_with_the_last_turn(expected, settled, label, choices):
    told = row(ASK, SAY, expected=expected)
    assert (told.expected, told.label, told.choices, told.target) == (settled, label, choices, "a")
    assert told.prompt == (ASK,)


def test_nothing_is_expected_where_nobody_answers():
    assert row(ASK).expected is None
    assert replace(row(ASK, SAY), turns=(ASK,)).expected is None
    assert row().expected is None
    context = row(ASK, replace(SAY, trained=False))
    assert (context.expected, context.target, context.answered) == (None, None, True)


def test_other_answers_are_turns_behind_the_conversation():
    assert row(ASK, SAY).all_turns == (ASK, SAY)
    several = row(ASK, SAY, expected=References(("a", "b", "c")))
    assert several.all_turns == (ASK, SAY, Turn("assistant", "b"), Turn("assistant", "c"))
    changed = several.with_turns([*several.turns, Turn("assistant", "B"), Turn("assistant", "c")])
    assert changed.expected == References(("a", "B", "c"))
    liked = row(ASK, SAY, expected=Preference((SAY,), (Turn("assistant", "no"),)))
    assert liked.all_turns == (ASK, SAY, Turn("assistant", "no"))
    assert liked.with_turns([ASK, SAY, Turn("assistant", "NO")]).expected.rejected == (Turn("assistant", "NO"),)
    disliked = row(ASK, SAY, expected=Preference(rejected=(SAY,)))
    assert disliked.all_turns == disliked.turns


def test_ids_are_those_that_rows_have_always_had():
    """The first of each kind, computed before turns had parts."""
    assert content_id((ASK, SAY)) == "3706f2c0f9135755"
    assert content_id((ASK, SAY), Label("a")) == "f5d46a105b29d4cc"
    assert content_id((ASK, SAY), Choice(("a", "b"), 0)) == "76ac55b9c00e647d"


def test_whatever_a_row_says_is_in_its_id():
    image = Image("00", "image/png", 1, 1)
    said = [
        ((ASK, SAY), None, ()),
        ((ASK, SAY), Label("a"), ()),
        ((ASK, SAY), Choice(("a", "b")), ()),
        ((ASK, SAY), References(("a", "b")), ()),
        ((ASK, SAY), Preference((SAY,)), ()),
        ((ASK, SAY), Preference((SAY,), (Turn("assistant", "b"),)), ()),
        ((ASK, SAY), Preference((), (SAY,)), ()),
        ((ASK, SAY), Check("python", "f()"), ()),
        ((ASK, SAY), None, ({"type": "function", "function": {"name": "f"}},)),
        ((ASK, replace(SAY, trained=False)), None, ()),
        ((ASK, replace(SAY, name="Bo")), None, ()),
        ((ASK, replace(SAY, reasoning="hm")), None, ()),
        ((Turn("user", [Text("q"), image]), SAY), None, ()),
        ((Turn("user", [image, Text("q")]), SAY), None, ()),
        ((ASK, Turn("assistant", [Text("a"), ToolCall("f")])), None, ()),
        ((ASK, Turn("assistant", [Text("a"), ToolCall("f", {"x": 1})])), None, ()),
    ]
    assert len({content_id(*one) for one in said}) == len(said)
    ordered, other = ({"x": 1, "y": 2}, {"y": 2, "x": 1})
    assert content_id([Turn("assistant", [ToolCall("f", ordered)])]) == content_id(
        [Turn("assistant", [ToolCall("f", other)])]
    )


def test_an_answer_and_nothing_else_is_the_id_of_its_turns():
    assert content_id((ASK, SAY), References(("a",))) == content_id((ASK, SAY))
