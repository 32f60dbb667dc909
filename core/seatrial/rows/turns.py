"""Turns: lists of messages, as chat and as sharegpt write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.rows import Turn
from seatrial.rows.format_error import FormatError
from seatrial.rows.record_values import list_of, mapping_of, need, quoted_key, quoted_keys, text_of, wrong_role

__all__ = ["messages_of", "shared_turns"]

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "function_call": "assistant",
    "observation": "tool",
}
_CALLS = ("tool_calls", "function_call")


def messages_of(value: object, key: str) -> tuple[Turn, ...]:
    """The turns of a list of messages.

    Args:
        value: what stands under `key`.
        key: its name, for errors.

    Raises:
        FormatError: it is no list of messages, or one of them has no role that a model knows or no text.
    """
    messages = list_of(value, key)
    if not messages:
        raise FormatError(f"`{key}` holds no turn", rule="empty")
    return tuple(_message(message, f"{key}[{number}]") for number, message in enumerate(messages))


def _message(value: object, where: str) -> Turn:
    message = mapping_of(value, where)
    role = need(message, "role", where)
    known = _ROLES.get(role) if isinstance(role, str) else None
    if known is None:
        raise wrong_role(f"{where}.role", role, _ROLES)
    extra = _extra(message, ("role", "content"), where)
    # A turn that only calls tools has no content in some sources, null in others.
    calls = any(message.get(key) for key in _CALLS)
    content = message.get("content") if calls else need(message, "content", where)
    return Turn(known, "" if content is None and calls else _content(content, f"{where}.content"), extra)


def _content(value: object, where: str) -> str:
    """Text, or the texts of a list of parts one after the other."""
    if not isinstance(value, list):
        return text_of(value, where)
    texts = []
    for number, part in enumerate(value):
        at = f"{where}[{number}]"
        if isinstance(part, str):
            texts.append(text_of(part, at))
            continue
        kind = mapping_of(part, at).get("type", "text")
        if kind != "text":
            raise FormatError(f"`{at}` is a part of type {quoted_key(kind)}, and only text is read", rule="wrong-type")
        texts.append(text_of(need(part, "text", at), f"{at}.text"))
    return "".join(texts)


def _extra(turn: Mapping[Any, Any], without: Sequence[str], where: str) -> str:
    """What else a turn holds, as JSON; keys that are null or empty lists say nothing and are left out."""
    rest = {key: value for key, value in turn.items() if key not in without and value is not None and value != []}
    if not rest:
        return ""
    try:
        return json.dumps(rest, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(
            f"`{where}` holds what JSON cannot say, under {quoted_keys(rest)}", rule="wrong-type"
        ) from error


def shared_turns(value: object, key: str) -> tuple[Turn, ...]:
    """The turns of sharegpt's list of what each speaker said.

    Args:
        value: what stands under `key`.
        key: its name, for errors.

    Raises:
        FormatError: it is no such list, or one of the speakers is none that a model knows.
    """
    said = list_of(value, key)
    if not said:
        raise FormatError(f"`{key}` holds no turn", rule="empty")
    return tuple(_shared_turn(turn, f"{key}[{number}]") for number, turn in enumerate(said))


def _shared_turn(value: object, where: str) -> Turn:
    turn = {**mapping_of(value, where)}
    if "from" not in turn and "role" in turn:
        raise FormatError(
            f"`{where}` has no key `from`, but a `role`: these are messages; say `columns: {{messages: conversations}}`",
            rule="missing-key",
        )
    speaker = need(turn, "from", where)
    role = _SPEAKERS.get(speaker) if isinstance(speaker, str) else None
    if role is None:
        raise wrong_role(f"{where}.from", speaker, _SPEAKERS)
    text = text_of(need(turn, "value", where), f"{where}.value")
    if speaker == "function_call":
        turn["tool_calls"], text = _calls(text, f"{where}.value"), ""
    return Turn(role, text, _extra(turn, ("from", "value"), where))


def _calls(value: str, where: str) -> list[Mapping[str, Any]]:
    """The calls of a function_call's value, as chat messages have them."""
    try:
        said = json.loads(value)
    except (ValueError, RecursionError):
        said = None
    calls = said if isinstance(said, list) else [said]
    if not calls or not all(isinstance(call, dict) for call in calls):
        raise FormatError(
            f"`{where}` is no function call: it needs JSON, an object with `name` and `arguments` or a list of these",
            rule="wrong-type",
        )
    return [{"type": "function", "function": call} for call in calls]
