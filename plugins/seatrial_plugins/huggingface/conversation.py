"""Conversations as chat templates take them: messages with their calls and reasoning, and the tools that may be called.

The one place that knows where rows keep what a turn has beside its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seatrial.rows import Row, Turn

__all__ = [
    "Conversation",
    "Tool",
    "arguments_as_text",
    "conversation_of",
    "is_trained",
    "made_calls",
    "reasoning_of",
    "tools_of",
    "without",
]

Tool = Mapping[str, Any]
"""A function that the assistant may call: `{"type": "function", "function": {name, description, parameters}}`."""

_REASONING = ("reasoning_content", "reasoning", "thinking")
"""Under which of these a source or a template has what the assistant thought, nobody agrees."""

_CALLS = ("tool_calls", "function_call")

_NOT_TRAINED: Mapping[str, tuple[object, ...]] = {
    "weight": (0,),
    "train": (False,),
    "loss": (False, 0),
    "loss_mask": (0, False),
}
"""Keys of OpenAI, Mistral, axolotl and ms-swift, and the values with which they say that a turn is only context."""

_ARGUMENTS = ("arguments", "args", "parameters", "input")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a chat template is given."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Tool, ...]


def conversation_of(turns: Sequence[Turn], tools: Sequence[Tool] = ()) -> Conversation:
    """The turns as messages, and all tools: those that are given, and those that stand with a turn.

    Arguments of calls are objects where they are, or say, one: OpenAI writes them as JSON text, which a template that
    turns them into JSON would quote.
    """
    if not any(turn.extra for turn in turns):
        return Conversation(tuple({"role": turn.role, "content": turn.content} for turn in turns), tuple(tools))
    extras = [_extra(turn) for turn in turns]
    stated = (tool for extra in extras for tool in _listed(extra.get("tools")))
    messages = tuple(_message(turn, extra) for turn, extra in zip(turns, extras, strict=True))
    return Conversation(messages, (*tools, *map(_tool, stated)))


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


def tools_of(row: Row) -> Sequence[Tool]:
    """The tools of a row that stand with none of its turns."""
    del row
    return ()


def is_trained(turn: Turn) -> bool:
    """Whether a model may be taught to say this turn; an assistant's turn may be only context."""
    if turn.role != "assistant":
        return False
    extra = _extra(turn)
    return not any(key in extra and extra[key] in values for key, values in _NOT_TRAINED.items())


def made_calls(turn: Turn) -> bool:
    """Whether the turn calls tools, beside what its text says."""
    extra = _extra(turn)
    return turn.role == "assistant" and any(extra.get(key) for key in _CALLS)


def reasoning_of(turn: Turn) -> str:
    """What the assistant thought before it spoke, or ""."""
    extra = _extra(turn)
    found = next((extra[key] for key in _REASONING if extra.get(key)), "")
    return found if turn.role == "assistant" and isinstance(found, str) else ""


def without(turn: Turn, what: str) -> Turn:
    """The turn without its `calls`, or without its `reasoning`."""
    keys = _CALLS if what == "calls" else _REASONING
    kept = {key: value for key, value in _extra(turn).items() if key not in keys}
    return replace(turn, extra=json.dumps(kept) if kept else "")


def _extra(turn: Turn) -> Mapping[str, Any]:
    """What the source said of the turn beside role and text."""
    if not turn.extra:
        return {}
    extra = json.loads(turn.extra)
    return extra if isinstance(extra, dict) else {}


def _message(turn: Turn, extra: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {*_REASONING, *_CALLS, *_NOT_TRAINED, "tools"}
    message = {key: value for key, value in extra.items() if key not in own and value is not None}
    if reasoning := reasoning_of(turn):
        message |= {"reasoning_content": reasoning, "thinking": reasoning}
    if calls := list(_calls(extra)):
        message["tool_calls"] = calls
    return {**message, "role": turn.role, "content": turn.content}


def _calls(extra: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for call in (*_listed(extra.get("tool_calls")), *_listed(extra.get("function_call"))):
        if not isinstance(call, Mapping):
            continue
        function = call.get("function", call)
        function = function if isinstance(function, Mapping) else {}
        said: object = next((function[key] for key in _ARGUMENTS if function.get(key) is not None), {})
        decoded = _decoded(said)
        identity = {"id": call["id"]} if call.get("id") is not None else {}
        arguments = decoded if isinstance(decoded, dict) else said
        yield {**identity, "type": "function", "function": {"name": function.get("name"), "arguments": arguments}}


def _tool(given: object) -> Tool:
    tool = _decoded(given)
    if isinstance(tool, Mapping) and "function" not in tool and "name" in tool:
        return {"type": "function", "function": dict(tool)}
    return tool if isinstance(tool, Mapping) else {}


def _listed(given: object) -> list[Any]:
    """A list, what the JSON text of one says, or one thing as a list."""
    value = _decoded(given)
    return value if isinstance(value, list) else [] if value is None else [value]


def _decoded(given: object) -> Any:
    """The value that a JSON text says; what is none is left as it is."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given
