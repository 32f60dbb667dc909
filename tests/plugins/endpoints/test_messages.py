"""Turns as OpenAI's messages."""

import json

import pytest

from seatrial import Turn
from seatrial.errors import StageError
from seatrial_plugins.endpoints.messages import messages_of


def test_turns_become_messages_of_their_role():
    turns = [
        Turn("system", "Be brief."),
        Turn("user", "Hi", '{"name":"bob","loss_mask":1}'),
        Turn("assistant", "Hello"),
    ]
    assert messages_of(turns) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi", "name": "bob"},
        {"role": "assistant", "content": "Hello"},
    ]


def call(name, arguments, **more):
    return {**more, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_calls_have_text_for_arguments_and_an_id_and_answers_take_it():
    calls = [call("weather", {"city": "Köln"}), call("time", '{"zone": "CET"}', id="mine"), {"name": "old", "args": {}}]
    turns = [
        Turn("assistant", "", json.dumps({"tool_calls": calls})),
        Turn("tool", "12:00", '{"tool_call_id":"mine"}'),
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


def test_the_older_function_call_is_one_of_the_calls():
    (message,) = messages_of([Turn("assistant", "", '{"function_call":{"name":"f","arguments":"{}"}}')])
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ([Turn("user", "Hi"), Turn("assistant", "", '{"tool_calls":{"name":"f"}}')], "turn 2: .*no list"),
        ([Turn("assistant", "", '{"tool_calls":["f"]}')], "turn 1: .*names no function"),
        ([Turn("assistant", "", '{"tool_calls":[{"function":"f"}]}')], "turn 1: .*names no function"),
        ([Turn("user", "Hi"), Turn("tool", "12:00")], "turn 2: .*has called none"),
    ],
)
def test_calls_that_cannot_be_sent_are_told_with_their_turn(turns, said):
    with pytest.raises(StageError, match=said):
        messages_of(turns)
