"""Turns as OpenAI's messages."""

import pytest

from seatrial import Turn
from seatrial.errors import StageError
from seatrial.rows import Image, Text, ToolCall, ToolResult
from seatrial_plugins.endpoints.messages import messages_of

IMAGE = Image("ab" * 32, "image/png", 1, 1)


def test_turns_become_messages_of_their_role():
    turns = [Turn("system", "Be brief."), Turn("user", "Hi", name="bob"), Turn("assistant", "Hello", reasoning="Hm.")]
    assert messages_of(turns) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi", "name": "bob"},
        {"role": "assistant", "content": "Hello"},
    ]


def test_calls_have_text_for_arguments_and_an_id_and_answers_take_it():
    calls = [ToolCall("weather", {"city": "Köln"}), ToolCall("time", '{"zone": "CET"}', "mine"), ToolCall("old")]
    turns = [
        Turn("assistant", [Text("Let me see."), *calls]),
        Turn("tool", [ToolResult("12:00", "mine")]),
        Turn("tool", "rain"),
        Turn("tool", "done"),
    ]
    asked, *answers = messages_of(turns)
    assert asked["content"] == "Let me see."
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


def test_images_are_sent_as_data_in_their_place(tmp_path):
    (tmp_path / IMAGE.file_name).write_bytes(b"pixels")
    (message,) = messages_of([Turn("user", [Text("What is "), IMAGE, Text("this?")])], tmp_path)
    assert message["content"] == [
        {"type": "text", "text": "What is "},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cGl4ZWxz"}},
        {"type": "text", "text": "this?"},
    ]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ([Turn("user", "Hi"), Turn("assistant", [ToolCall("")])], "turn 2: .*names no function"),
        ([Turn("user", "Hi"), Turn("tool", "12:00")], "turn 2: .*has called none"),
        ([Turn("user", [Text("This?"), IMAGE])], f"turn 1: its image {IMAGE.file_name} is not kept"),
    ],
)
def test_what_cannot_be_sent_is_told_with_its_turn(turns, said, tmp_path):
    with pytest.raises(StageError, match=said):
        messages_of(turns, tmp_path)
