"""Calls as models write them, in the usual notations and in none."""

import json

import pytest

from seatrial.rows import ToolCall
from seatrial_plugins.tools.written_calls import written_calls

NAMES = ["weather.get", "add"]
PARIS = ToolCall("weather.get", {"city": "Paris"})
SUM = ToolCall("add", {"a": 1, "b": [2, 3]})


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('<tool_call>\n{"name": "weather.get", "arguments": {"city": "Paris"}}\n</tool_call>', [PARIS]),
        ('{"name": "weather.get", "parameters": {"city": "Paris"}}', [PARIS]),
        ('Sure!\n```json\n[{"name": "add", "arguments": {"a": 1, "b": [2, 3]}}]\n```', [SUM]),
        ('I will call {"name": "add", "arguments": {"a": 1, "b": [2, 3]}} now.', [SUM]),
        ('{"name": "add", "arguments": "{\\"a\\": 1, \\"b\\": [2, 3]}"}', [SUM]),
        ('{"weather.get": {"city": "Paris"}}', [PARIS]),
        ('[weather.get(city="Paris"), add(a=1, b=[2, 3])]', [PARIS, SUM]),
        ("add(a=3-2, b=[2, 3])", [SUM]),
        ("The answer:\nadd(a=1, b=[2, 3])\n", [SUM]),
        ("add(a=-1, b=x, c={'d': (1, 2)})", [ToolCall("add", {"a": -1, "b": "x", "c": {"d": (1, 2)}})]),
        ("<tool_call>{broken</tool_call>", [ToolCall("", None)]),
        ('{"name": "Ann", "age": 3}', []),
        ("No tool fits this (sorry).", []),
        ("It is like print(x).", []),
        ("", []),
        ("[]", []),
        ("(" * 5000, []),
        ("[" * 5000, []),
    ],
)
def test_calls_are_read(text, calls):
    assert written_calls(text, NAMES) == calls


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "add", "arguments": {"a": 1',
        '```json\n{"name": "add", "arguments": {"a": 1\n```',
        "{'name': 'add', 'arguments': {'a': 1}}",
        "<tool_call><function=add><parameter=a>1</parameter></function></tool_call>",
        "<tool_call>add(a=1)</tool_call>",
        "I will call add(a=1) now.",
        '- weather.get(city="Rome")',
        "Sure:\nadd(\n  a=1,\n  b=2,\n)",
        '[TOOL_CALLS]add[ARGS]{"a": 1}',
        '<|python_tag|>weather.get.call(city="Rome")',
        '<function=add>{"a": 1}</function>',
        '<invoke name="add"><parameter name="a">1</parameter></invoke>',
        'Action: add\nAction Input: {"a": 1}',
        '{"name": "add", "arguments": {"a": NaN}}',
        '{"name": "add", "arguments": {"a": 1}, "id": {"a": 1}}',
        '{"name": "add", "name": "add", "arguments": {"a": 1}}',
    ],
)
def test_a_call_that_cannot_be_read_is_one(text):
    assert [call.name for call in written_calls(text, NAMES)] == [""]


@pytest.mark.parametrize(
    "text", ["None of add(a, b) and weather.get() fits.", "I can't <tool_call> that.", "Adding: add up."]
)
def test_words_about_a_tool_are_none(text):
    assert written_calls(text, NAMES) == []


@pytest.mark.parametrize(
    "text",
    [
        "add(1, b=2)",
        'add(b=2, **{"a": 1})',
        "add(a=1, a=2)",
        '{"name": "add", "arguments": {"a": 1}, "args": {"a": 2}}',
        '{"name": "add", "arguments": "{\\"a\\": 1, \\"a\\": 2}"}',
    ],
)
def test_arguments_whose_meaning_is_not_plain_are_none(text):
    (call,) = written_calls(text, NAMES)
    assert call.name == "add"
    assert not isinstance(call.arguments, dict)


ADD = '{"name": "add", "arguments": {"a": 1}}'


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>{ADD}</tool_call> and [add(a=2)]",
        f"{ADD}\n<tool_call>{ADD}</tool_call>",
        f"```json\n{ADD}\n```\n```json\n{ADD}\n```",
        f"<tool_call>add(a=2)</tool_call><tool_call>{ADD}</tool_call>",
        f'{ADD}\n{{"name": "add", "arguments": {{"a":',
    ],
)
def test_calls_in_several_notations_all_count(text):
    assert len(written_calls(text, NAMES)) == 2


@pytest.mark.parametrize(
    "text", ["a" + "\n" * 100_000 + "b", "[" * 100_000, "[)" * 50_000, "<tool_call>{" * 9_000, "add(" * 25_000]
)
def test_a_degenerate_answer_takes_no_long_time(text):
    """Quadratic patterns took minutes for these."""
    assert len(written_calls(text, NAMES)) < 10_000


def test_tool_calls_of_an_endpoint_are_read():
    said = [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": [2, 3]}'}}]
    assert written_calls(json.dumps(said), NAMES) == [ToolCall("add", SUM.arguments, "c1")]
