"""Turns as the messages of OpenAI's chat API: the one place that knows its format."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seatrial.errors import StageError
from seatrial.rows import Image, Text, ToolCall, ToolResult, Turn

__all__ = ["Message", "messages_of"]

Message = dict[str, Any]


def messages_of(turns: Sequence[Turn], images: Path | None = None) -> list[Message]:
    """One message a turn: role, content, speaker's name, tool calls and which of them a tool answers.

    Images are sent as data: addresses; what the assistant thought is not sent. The API wants an id of every call: calls that
    have none get one by their place in the conversation, and the tools' answers that name none take the open calls in order.

    Args:
        turns: a prompt.
        images: the folder that images are in.

    Raises:
        StageError: a turn cannot be sent: a call without a name, an answer to no call, an image that is not there.
    """
    messages: list[Message] = []
    open_calls: list[str] = []
    for place, turn in enumerate(turns):
        where = f"turn {place + 1}"
        message: Message = {"role": turn.role, "content": _content(turn, images, where)}
        if turn.name:
            message["name"] = turn.name
        if turn.calls:
            message["tool_calls"] = [_call(call, f"call_{place}_{of}", where) for of, call in enumerate(turn.calls)]
            open_calls = [call["id"] for call in message["tool_calls"]]
        if turn.role == "tool":
            message["tool_call_id"] = _answered(turn, open_calls, where)
        messages.append(message)
    return messages


def _content(turn: Turn, images: Path | None, where: str) -> str | list[Message]:
    if not turn.images:
        return turn.content
    return [
        {"type": "image_url", "image_url": {"url": _address(part, images, where)}}
        if isinstance(part, Image)
        else {"type": "text", "text": part.text}
        for part in turn.parts
        if isinstance(part, Image | Text | ToolResult)
    ]


def _address(image: Image, images: Path | None, where: str) -> str:
    file = images / image.file_name if images is not None else None
    if file is None or not file.is_file():
        raise StageError(f"{where}: its image {image.file_name} is not kept in {images}, so that it cannot be sent")
    return f"data:{image.media_type};base64,{base64.b64encode(file.read_bytes()).decode()}"


def _call(call: ToolCall, otherwise: str, where: str) -> Message:
    if not call.name:
        raise StageError(f"{where}: a tool call names no function, so that it cannot be sent")
    said = call.arguments
    arguments = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return {"id": call.id or otherwise, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _answered(turn: Turn, open_calls: list[str], where: str) -> str:
    """The id of the call that a tool's turn answers; it is open no more."""
    named = next((part.call for part in turn.parts if isinstance(part, ToolResult) and part.call), "")
    if named:
        if named in open_calls:
            open_calls.remove(named)
        return named
    if not open_calls:
        raise StageError(f"{where}: a tool answers, and the assistant has called none, so that it cannot be sent")
    return open_calls.pop(0)
