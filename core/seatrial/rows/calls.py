"""Calls: what an assistant calls and may call, in the layouts that data sets use.

OpenAI          {"id": …, "type": "function", "function": {"name": …, "arguments": an object, or its JSON text}}
OpenAI, before  {"name": …, "arguments": …} under `function_call`
LangChain       {"id": …, "name": …, "args": {…}}
Llama           {"name": …, "parameters": {…}}
Anthropic       {"id": …, "name": …, "input": {…}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seatrial.rows.encoding import encoded
from seatrial.rows.format_error import FormatError
from seatrial.rows.parts import ToolCall
from seatrial.rows.record_values import mapping_of, name_of

__all__ = ["call_of", "declared", "decoded", "readable_call", "tagged_calls", "tools_of"]

_MAY_BE_NULL = frozenset({"default", "const"})
_ARGUMENTS = ("arguments", "args", "parameters", "input")


def call_of(value: object, where: str) -> ToolCall:
    """A call. What no program could make is a call as well, of no name or with arguments that are no object.

    Raises:
        FormatError: it holds what JSON cannot say, or its id is no name.
    """
    if not isinstance(value, Mapping):
        return ToolCall("", _sayable(value, where))
    function = value.get("function", value)
    if not isinstance(function, Mapping):
        return ToolCall("", _sayable(function, where))
    name = function.get("name")
    arguments: object = next((function[key] for key in _ARGUMENTS if function.get(key) is not None), {})
    if isinstance(arguments, str):
        said = decoded(arguments)
        arguments = said if isinstance(said, dict) else arguments
    identity = value.get("id")
    return ToolCall(
        name if isinstance(name, str) else "",
        _sayable(arguments, where),
        "" if identity is None else name_of(identity, f"{where}.id"),
    )


def tagged_calls(text: str) -> list[ToolCall]:
    """Hermes' calls in a text, `<tool_call>{…}</tool_call>`; one that cannot be read names no function.

    From a brace on: tags can be talked about, too.
    """
    calls: list[ToolCall] = []
    for piece in text.split("<tool_call>")[1:]:
        said = piece.partition("</tool_call>")[0].strip()
        if said.startswith("{"):
            calls.append(readable_call(decoded(said)))
    return calls


def readable_call(value: object) -> ToolCall:
    """A call that a model wrote; one that holds what JSON cannot say names no function."""
    try:
        return call_of(value, "tool_call")
    except FormatError:
        return ToolCall("")


def tools_of(values: Sequence[object], where: str) -> tuple[Mapping[str, Any], ...]:
    """Functions as chat templates take them, each `{"type": "function", "function": {…}}`.

    Raises:
        FormatError: one of them is no description of a function.
    """
    return tuple(_tool(value, f"{where}[{number}]") for number, value in enumerate(values))


def _tool(value: object, where: str) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = decoded(value)
    tool = mapping_of(value, where)
    function = mapping_of(tool.get("function", tool), f"{where}.function")
    if not isinstance(function.get("name"), str):
        raise FormatError(f"`{where}` names no function", rule="missing-key")
    said: Mapping[str, Any] = _without_padding(_sayable(function, where))
    if "function" not in tool:
        said = {key: inner for key, inner in said.items() if key != "type"}
    return {"type": "function", "function": dict(said)}


def _without_padding(schema: Any) -> Any:
    """A JSON Schema without keys that are null, which say nothing in it: Arrow pads with them, as all of a column have the same
    keys, and JSON that was written from its tables keeps them.
    """
    if isinstance(schema, dict):
        return {key: _without_padding(said) for key, said in schema.items() if said is not None or key in _MAY_BE_NULL}
    return [_without_padding(said) for said in schema] if isinstance(schema, list) else schema


def declared(call: ToolCall, tools: Sequence[Mapping[str, Any]]) -> ToolCall:
    """The call without arguments that are null and that its function does not have: padding, too."""
    if not isinstance(call.arguments, dict) or None not in call.arguments.values():
        return call
    schema = next((tool["function"].get("parameters") for tool in tools if tool["function"]["name"] == call.name), None)
    known = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(known, dict):
        return call
    said = {name: value for name, value in call.arguments.items() if value is not None or name in known}
    return replace(call, arguments=said)


def _sayable(value: Any, where: str) -> Any:
    """The value, if JSON can say it."""
    try:
        return json.loads(encoded(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"`{where}` holds what JSON cannot say", rule="wrong-type") from error


def decoded(text: str) -> Any:
    """The JSON value of a text; None where it is none, or one that is nested too deeply to follow."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
