"""LangChain's messages as turns, and a generation as its message."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import InvalidToolCall, ToolCall, invalid_tool_call, tool_call

from seatrial import Turn, UsageError
from seatrial.rows import Text, ToolResult
from seatrial.rows import ToolCall as Call
from seatrial.rows.calls import tagged_calls

__all__ = ["message_of", "turns_of"]

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}
_TAGGED = re.compile(r"\s*<tool_call>\s*\{.*?(</tool_call>|\Z)", re.DOTALL)


def turns_of(messages: Sequence[BaseMessage]) -> list[Turn]:
    """A turn a message: its text, the calls that it makes, or the call that it answers.

    Raises:
        UsageError: a message has a role or a content that the model cannot be told.
    """
    return [_turn(message, place) for place, message in enumerate(messages, 1)]


def _turn(message: BaseMessage, place: int) -> Turn:
    role = _ROLES.get(message.type.removesuffix("MessageChunk").lower())
    if role is None:
        raise UsageError(
            f"message {place} is a {type(message).__name__}; a model reads system, human, AI and tool messages"
        )
    blocks = message.content if isinstance(message.content, list) else []
    strange = sorted({str(block.get("type")) for block in blocks if isinstance(block, dict)} - {"text"})
    if strange:
        raise UsageError(f"message {place} holds {', '.join(strange)}, and the model reads text")
    text = str(message.text)
    if isinstance(message, ToolMessage):
        return Turn("tool", [ToolResult(text, call=message.tool_call_id, name=message.name or "")])
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [Call(call["name"], call["args"], call["id"] or "") for call in message.tool_calls]
        return Turn("assistant", [*([Text(text)] if text else []), *calls])
    if isinstance(message, SystemMessage):
        return Turn("system", text)
    return Turn(role, text, name=message.name or "")


def message_of(text: str, offered: Collection[str], **told: Any) -> AIMessage:
    """The reply; where tools are offered, the calls that it writes as `<tool_call>{…}</tool_call>` stand in `tool_calls`.

    A call of a function that was not offered, or one that cannot be read, is an invalid call, never left out.
    """
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for place, call in enumerate(tagged_calls(text) if offered else ()):
        identity = call.id or f"call_{place}"
        if call.name in offered and isinstance(call.arguments, dict):
            calls.append(tool_call(name=call.name, args=call.arguments, id=identity))
            continue
        problem = f"no tool is called {call.name!r}" if call.name else "no call that could be read"
        problem = problem if call.name not in offered else "its arguments are no JSON object"
        invalid.append(invalid_tool_call(name=call.name, args=str(call.arguments), id=identity, error=problem))
    content = _TAGGED.sub("", text) if calls or invalid else text
    return AIMessage(content=content, tool_calls=calls, invalid_tool_calls=invalid, **told)
