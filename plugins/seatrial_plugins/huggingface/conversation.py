"""Conversations as chat templates take them: messages with their calls and reasoning, and the tools that may be called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seatrial.rows import Image, ToolCall, ToolResult, Turn

__all__ = ["Conversation", "Tool", "arguments_as_text", "conversation_of", "is_trained", "only_last_trained", "without"]

Tool = Mapping[str, Any]
"""A function that the assistant may call: `{"type": "function", "function": {name, description, parameters}}`."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a chat template is given."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Tool, ...]


def conversation_of(turns: Sequence[Turn], tools: Sequence[Tool] = (), *, in_parts: bool = False) -> Conversation:
    """The turns as messages, and the tools; with `in_parts`, what is said is a list of texts and of places for pictures."""
    messages = list(map(_message, turns))
    if in_parts:
        messages = [{**message, "content": _parts(turn)} for message, turn in zip(messages, turns, strict=True)]
    return Conversation(tuple(messages), tuple(tools))


def arguments_as_text(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The messages with the arguments of their calls as JSON text."""
    return [
        {**message, "tool_calls": [_with_text(call) for call in message["tool_calls"]]}
        if "tool_calls" in message
        else message
        for message in messages
    ]


def _with_text(call: Mapping[str, Any]) -> Mapping[str, Any]:
    arguments = call["function"]["arguments"]
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**call["function"], "arguments": text}}


def is_trained(turn: Turn) -> bool:
    """Whether a model may be taught to say this turn; an assistant's turn may be only context."""
    return turn.role == "assistant" and turn.trained


def only_last_trained(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns, of which only the last that may be trained is."""
    last = max((place for place, turn in enumerate(turns) if is_trained(turn)), default=None)
    return tuple(
        replace(turn, trained=False) if is_trained(turn) and place != last else turn for place, turn in enumerate(turns)
    )


def without(turn: Turn, what: str) -> Turn:
    """The turn without its `calls`, or without its `reasoning`."""
    if what == "reasoning":
        return replace(turn, reasoning="")
    return replace(turn, said=[part for part in turn.parts if not isinstance(part, ToolCall)])


def _message(turn: Turn) -> Mapping[str, Any]:
    """The turn as a message; its reasoning under both names that templates read."""
    if turn.plain:
        return {"role": turn.role, "content": turn.content}
    result = next((part for part in turn.parts if isinstance(part, ToolResult)), ToolResult(""))
    more = {
        "name": turn.name or result.name,
        "tool_call_id": result.call,
        "reasoning_content": turn.reasoning,
        "thinking": turn.reasoning,
        "tool_calls": [_call(call) for call in turn.calls],
    }
    return {"role": turn.role, "content": turn.content} | {key: value for key, value in more.items() if value}


def _parts(turn: Turn) -> str | list[Mapping[str, str]]:
    """What is said, in order; a tool's words alone stay one text, which templates print as it is."""
    if turn.role == "tool" and not turn.images:
        return turn.content
    return [
        {"type": "image"} if isinstance(part, Image) else {"type": "text", "text": part.text}
        for part in turn.parts
        if not isinstance(part, ToolCall)
    ]


def _call(call: ToolCall) -> Mapping[str, Any]:
    identity = {"id": call.id} if call.id else {}
    return {**identity, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
