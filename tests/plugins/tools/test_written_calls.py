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


def test_tool_calls_of_an_endpoint_are_read():
    said = [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": [2, 3]}'}}]
    assert written_calls(json.dumps(said), NAMES) == [ToolCall("add", SUM.arguments, "c1")]
