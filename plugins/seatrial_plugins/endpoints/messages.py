"""Turns as the messages of OpenAI's chat API: the one place that knows its format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.errors import StageError
from seatrial.rows import Turn

__all__ = ["Message", "messages_of"]

Message = dict[str, Any]


def messages_of(turns: Sequence[Turn]) -> list[Message]:
    """One message a turn: role, content, speaker's name, tool calls and which of them a tool answers.

    What else a source said of a turn (loss masks, reasoning) is not sent. The API wants an id of every call: calls that have
    none get one by their place in the conversation, and the tools' answers that name none take the open calls in order.

    Raises:
        StageError: a turn's tool calls are none that the API takes.
    """
    messages: list[Message] = []
    open_calls: list[str] = []
    for place, turn in enumerate(turns):
        extra = _extra(turn)
        message: Message = {"role": turn.role, "content": turn.content}
        if isinstance(extra.get("name"), str):
            message["name"] = extra["name"]
        if calls := _calls(extra, place):
            message["tool_calls"] = calls
            open_calls = [call["id"] for call in calls]
        if turn.role == "tool":
            message["tool_call_id"] = _answered(extra, open_calls, place)
        messages.append(message)
    return messages


def _extra(turn: Turn) -> Mapping[str, Any]:
    try:
        extra = json.loads(turn.extra) if turn.extra else {}
    except ValueError:
        return {}
    return extra if isinstance(extra, dict) else {}


def _calls(extra: Mapping[str, Any], place: int) -> list[Message]:
    given = extra.get("tool_calls") or ([extra["function_call"]] if extra.get("function_call") else [])
    if not isinstance(given, list):
        raise StageError(f"turn {place + 1}: its `tool_calls` are no list, so that they cannot be sent")
    return [_call(call, f"call_{place}_{number}", f"turn {place + 1}") for number, call in enumerate(given)]


def _call(given: object, otherwise: str, where: str) -> Message:
    call = given if isinstance(given, dict) else {}
    function = call.get("function", call)
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not name:
        raise StageError(f"{where}: a tool call names no function, so that it cannot be sent")
    arguments = function.get("arguments", function.get("args", {}))
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    identity = call.get("id")
    return {
        "id": identity if isinstance(identity, str) and identity else otherwise,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _answered(extra: Mapping[str, Any], open_calls: list[str], place: int) -> str:
    """The id of the call that a tool's turn answers; it is open no more."""
    named = extra.get("tool_call_id")
    if isinstance(named, str) and named:
        if named in open_calls:
            open_calls.remove(named)
        return named
    if not open_calls:
        raise StageError(
            f"turn {place + 1}: a tool answers, and the assistant has called none, so that it cannot be sent"
        )
    return open_calls.pop(0)
