"""Turns: a text alone, or parts of which the words are the content."""

import pickle

import pytest

from seatrial.rows import Image, Text, ToolCall, ToolResult, Turn

IMAGE = Image("ab" * 32, "image/png", 640, 480)
CALL = ToolCall("weather", {"city": "Rome"}, "c1")


def test_a_text_alone_is_one_part():
    turn = Turn("user", "hi")
    assert (turn.content, turn.parts, turn.calls, turn.images) == ("hi", (Text("hi"),), (), ())
    assert turn == Turn("user", [Text("hi")]) == Turn("user", (Text("hi"),))
    assert turn.plain
    assert Turn("assistant", []) == Turn("assistant", "")


def test_what_a_tool_says_is_a_result():
    assert Turn("tool", "21").parts == (ToolResult("21"),)
    assert Turn("tool", "21") == Turn("tool", [ToolResult("21")])
    told = Turn("tool", [ToolResult("21", "c1")])
    assert (told.content, told.plain) == ("21", False)


def test_the_content_is_the_words_of_all_parts():
    turn = Turn("user", [Text("This "), IMAGE, Text("and that.")])
    assert (turn.content, turn.images, turn.plain) == ("This and that.", (IMAGE,), False)
    asked = Turn("assistant", [Text("Let me see."), CALL])
    assert (asked.content, asked.calls) == ("Let me see.", (CALL,))


@pytest.mark.parametrize("more", [{"name": "Ann"}, {"reasoning": "hm"}, {"trained": False}])
def test_a_turn_that_says_more_is_another(more):
    turn = Turn("assistant", "hi", **more)
    assert turn != Turn("assistant", "hi")
    assert not turn.plain
    assert turn.with_content("ho") == Turn("assistant", "ho", **more)


def test_other_words_stand_where_the_first_ones_did():
    turn = Turn("user", [IMAGE, Text("a"), CALL, Text("b")])
    assert turn.with_content("c").parts == (IMAGE, Text("c"), CALL)
    assert turn.with_content("").parts == (IMAGE, CALL)
    assert Turn("user", [IMAGE]).with_content("c").parts == (Text("c"), IMAGE)
    assert Turn("tool", [ToolResult("a", "c1")]).with_content("b").parts == (ToolResult("b", "c1"),)


def test_turns_are_keys_and_travel_between_processes():
    turns = [Turn("user", "a"), Turn("user", [Text("a"), IMAGE, CALL], trained=False)]
    assert len({*turns, *pickle.loads(pickle.dumps(turns))}) == 2
    with pytest.raises(AttributeError):
        turns[0].role = "assistant"


def test_an_image_names_its_file():
    assert IMAGE.file_name == "ab" * 32 + ".png"
