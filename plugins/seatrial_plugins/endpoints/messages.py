"""Turns as the messages of OpenAI's chat API: the one place that knows its format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from seatrial.errors import StageError
from seatrial.rows import ToolCall, ToolResult, Turn

__all__ = ["Message", "messages_of"]

Message = dict[str, Any]


def messages_of(turns: Sequence[Turn]) -> list[Message]:
    """One message a turn: role, content, speaker's name, tool calls and which of them a tool answers.

    Reasoning is not sent. The API wants an id of every call: calls that have none get one by their place in the
    conversation, and the tools' answers that name none take the open calls in order.

    Raises:
        StageError: a turn's tool calls are none that the API takes, or it shows an image.
    """
    messages: list[Message] = []
    open_calls: list[str] = []
    for place, turn in enumerate(turns):
        if turn.images:
            raise StageError(f"turn {place + 1}: it shows an image, which is not sent to endpoints yet")
        message: Message = {"role": turn.role, "content": turn.content}
        if turn.name:
            message["name"] = turn.name
        if turn.calls:
            message["tool_calls"] = [
                _call(call, f"call_{place}_{number}", f"turn {place + 1}") for number, call in enumerate(turn.calls)
            ]
            open_calls = [call["id"] for call in message["tool_calls"]]
        if turn.role == "tool":
            message["tool_call_id"] = _answered(turn, open_calls, place)
        messages.append(message)
    return messages


def _call(call: ToolCall, otherwise: str, where: str) -> Message:
    if not call.name:
        raise StageError(f"{where}: a tool call names no function, so that it cannot be sent")
    given = call.arguments
    arguments = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return {"id": call.id or otherwise, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _answered(turn: Turn, open_calls: list[str], place: int) -> str:
    """The id of the call that a tool's turn answers; it is open no more."""
    named = next((part.call for part in turn.parts if isinstance(part, ToolResult)), "")
    if named:
        if named in open_calls:
            open_calls.remove(named)
        return named
    if not open_calls:
        raise StageError(
            f"turn {place + 1}: a tool answers, and the assistant has called none, so that it cannot be sent"
        )
    return open_calls.pop(0)
