"""Turns as OpenAI's messages."""

import pytest

from seatrial import Turn
from seatrial.errors import StageError
from seatrial.rows import Image, Text, ToolCall, ToolResult
from seatrial_plugins.endpoints.messages import messages_of


def test_turns_become_messages_of_their_role():
    turns = [Turn("system", "Be brief."), Turn("user", "Hi", name="bob", trained=False), Turn("assistant", "Hello")]
    assert messages_of(turns) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi", "name": "bob"},
        {"role": "assistant", "content": "Hello"},
    ]


def test_calls_have_text_for_arguments_and_an_id_and_answers_take_it():
    calls = [ToolCall("weather", {"city": "Köln"}), ToolCall("time", '{"zone": "CET"}', id="mine"), ToolCall("old")]
    turns = [
        Turn("assistant", calls),
        Turn("tool", [ToolResult("12:00", call="mine")]),
        Turn("tool", "rain"),
        Turn("tool", "done"),
    ]
    asked, *answers = messages_of(turns)
    made = asked["tool_calls"]
    assert [one["function"] for one in made] == [
        {"name": "weather", "arguments": '{"city": "Köln"}'},
        {"name": "time", "arguments": '{"zone": "CET"}'},
        {"name": "old", "arguments": "{}"},
    ]
    assert {one["type"] for one in made} == {"function"}
    assert len({one["id"] for one in made}) == 3
    assert [one["tool_call_id"] for one in answers] == ["mine", made[0]["id"], made[2]["id"]]
    assert [one["content"] for one in answers] == ["12:00", "rain", "done"]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ([Turn("assistant", [ToolCall("", {})])], "turn 1: .*names no function"),
        ([Turn("user", "Hi"), Turn("tool", "12:00")], "turn 2: .*has called none"),
        ([Turn("user", [Text("What is this?"), Image("0" * 64, "image/png", 8, 8)])], "turn 1: it shows an image"),
    ],
)
def test_what_cannot_be_sent_is_told_with_its_turn(turns, said):
    with pytest.raises(StageError, match=said):
        messages_of(turns)
