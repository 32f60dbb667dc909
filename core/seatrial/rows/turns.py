"""Turns: lists of messages, as chat and as sharegpt write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seatrial.rows.calls import call_of, declared, decoded
from seatrial.rows.format_error import FormatError
from seatrial.rows.given import Given, listed
from seatrial.rows.parts import Part, Text, ToolCall, ToolResult
from seatrial.rows.record_values import (
    mapping_of,
    name_of,
    need,
    optional_text,
    quoted_key,
    text_of,
    type_in_words,
    wrong_role,
)
from seatrial.rows.turn import Turn

__all__ = ["OF_A_ROW", "declared_calls", "history_of", "messages_of", "shared_turns", "taught"]

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
_REASONING = ("reasoning_content", "reasoning", "thinking")
_TRAINED = ("weight", "train", "training", "loss", "loss_mask")
"""OpenAI and Mistral; axolotl; axolotl; ms-swift; LMFlow and others."""
_READ = frozenset(
    {
        "role",
        "content",
        "from",
        "value",
        "name",
        "tool_calls",
        "function_call",
        "tool_call_id",
        "invalid_tool_calls",
        *_REASONING,
        *_TRAINED,
    }
)
_TELLING = frozenset(
    {"train_detail", "trainable", "masked", "mask", "loss_scale", "prefix", "refusal", "audio", "tool_plan"}
)
"""Keys of messages that change what is taught or said in layouts that are not read here."""
OF_A_ROW = ("weight", "train", "loss_mask")
"""Keys of a record, beside its turns, that say which of them are trained."""
_TRUTHS = {"0": False, "1": True, "false": False, "true": True}
_WORDS = frozenset({"text", "input_text", "output_text"})
_PICTURES = {"image": ("image", "path", "url", "bytes", "base64", "source"), "image_url": ("image_url",)}
"""Type of a part → where its image may stand: Hugging Face and Anthropic, OpenAI."""
_PICTURES["input_image"] = _PICTURES["image_url"]


def messages_of(value: object, key: str, given: Given) -> tuple[Turn, ...]:
    """The turns of a list of messages.

    Args:
        value: what stands under `key`.
        key: its name, for errors.
        given: the record that it is of.

    Raises:
        FormatError: it is no list of messages, or one of them has no role that a model knows or no text.
    """
    messages = listed(value, key)
    if not messages:
        raise FormatError(f"`{key}` holds no turn", rule="empty")
    return tuple(_message(message, key, number, given) for number, message in enumerate(messages))


def _message(value: object, key: str, number: int, given: Given) -> Turn:
    where = f"{key}[{number}]"
    message = mapping_of(value, where)
    role = need(message, "role", where)
    known = _ROLES.get(role) if isinstance(role, str) else None
    if known is None:
        raise wrong_role(f"{where}.role", role, _ROLES)
    if len(message) == 2 and known != "tool" and "content" in message:
        return Turn(known, _content(message["content"], f"{where}.content", given))
    calls = _calls(message, where)
    # A turn that only calls tools has no content in some sources, null in others.
    content = message.get("content") if calls else need(message, "content", where)
    said = "" if content is None and calls else _content(content, f"{where}.content", given)
    return _turn(known, said, calls, message, where, given)


def _turn(
    role: str, said: str | list[Part], calls: list[ToolCall], message: Mapping[Any, Any], where: str, given: Given
) -> Turn:
    """A turn of a message's words and calls, and of what else it holds."""
    if not message.keys() <= _READ:
        for key, value in message.items():
            if key not in _READ and value is not None and value != []:
                given.notes.leave(key, known=key in _TELLING, of=where.partition("[")[0])
    name = message.get("name")
    name = "" if name is None else name_of(name, f"{where}.name")
    call = message.get("tool_call_id") if role == "tool" else None
    if role == "tool":
        said = _answer(said, "" if call is None else name_of(call, f"{where}.tool_call_id"), name)
        name = ""
    if calls:
        said = [*([Text(said)] if said else []), *calls] if isinstance(said, str) else [*said, *calls]
    key = next((key for key in _REASONING if message.get(key)), "reasoning")
    return Turn(role, said, name, optional_text(message, key), _trained(message, where))


def _answer(said: str | list[Part], call: str, name: str) -> list[Part]:
    """What a tool answered, and the images that it showed."""
    parts = [Text(said)] if isinstance(said, str) else said
    words = "".join(part.text for part in parts if isinstance(part, Text))
    return [ToolResult(words, call, name), *(part for part in parts if not isinstance(part, Text))]


def taught(turns: tuple[Turn, ...], given: Given) -> tuple[Turn, ...]:
    """The turns, of which the record may say that a model is not taught to say them: all of them, or one by one.

    A fraction, or a list of another length, says something else: it is left aside.
    """
    for key in OF_A_ROW:
        if given.record.get(key) is None:
            continue
        spoken = [place for place, turn in enumerate(turns) if turn.role == "assistant"]
        said = given.record[key]
        flags = [_truth(one) for one in said] if isinstance(said, list) else [_truth(said)] * len(spoken)
        if None in flags or len(flags) not in {len(spoken), len(turns)}:
            continue
        given.used.add(key)
        trained = dict(zip(spoken if len(flags) == len(spoken) else range(len(turns)), flags, strict=True))
        turns = tuple(
            replace(turn, trained=False) if turn.role == "assistant" and not trained[place] else turn
            for place, turn in enumerate(turns)
        )
    return turns


def declared_calls(turns: tuple[Turn, ...], tools: Sequence[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """The turns without the arguments of their calls that only pad a table (`calls.declared`)."""
    return tuple(
        replace(turn, said=tuple(declared(part, tools) if isinstance(part, ToolCall) else part for part in turn.parts))
        if turn.calls
        else turn
        for turn in turns
    )


def _truth(value: object) -> bool | None:
    """A truth value, as a number or as a table's cell too; None where it is none."""
    if isinstance(value, str):
        return _TRUTHS.get(value.strip().lower())
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def _trained(message: Mapping[Any, Any], where: str) -> bool:
    """Whether a model may be taught to say it."""
    trained = True
    for key in _TRAINED:
        value = message.get(key)
        if value is None:
            continue
        if value not in (0, 1) or isinstance(value, str):
            raise FormatError(
                f"`{where}.{key}` is {type_in_words(value)} other than 0 and 1: a turn is trained, or it is not",
                rule="wrong-type",
            )
        trained = trained and bool(value)
    return trained


def _calls(message: Mapping[Any, Any], where: str) -> list[ToolCall]:
    given = message.get("tool_calls")
    calls = given if isinstance(given, list) else [given] if given else []
    made = [call_of(call, f"{where}.tool_calls[{number}]") for number, call in enumerate(calls)]
    if message.get("function_call"):
        made.append(call_of(message["function_call"], f"{where}.function_call"))
    invalid = message.get("invalid_tool_calls")
    if isinstance(invalid, list):  # what LangChain could not parse stays the text that it was
        made += (_unparsed(call, f"{where}.invalid_tool_calls[{at}]") for at, call in enumerate(invalid))
    return made


def _unparsed(value: object, where: str) -> ToolCall:
    call = call_of(value, where)
    said = value.get("args") if isinstance(value, Mapping) else None
    return replace(call, arguments=said if isinstance(said, str) else "")


def _content(value: object, where: str, given: Given) -> str | list[Part]:
    """Text, or a list of texts and images; texts that stand side by side are one."""
    if not isinstance(value, list):
        return given.said(text_of(value, where), where)
    parts: list[Part] = []
    for number, part in enumerate(value):
        said = _part(part, f"{where}[{number}]", given)
        for one in [Text(said)] if isinstance(said, str) else said:
            if isinstance(one, Text) and parts and isinstance(parts[-1], Text):
                parts[-1] = Text(parts[-1].text + one.text)
            else:
                parts.append(one)
    return parts


def _part(value: object, where: str, given: Given) -> str | list[Part]:
    if isinstance(value, str):
        return given.said(text_of(value, where), where)
    part = mapping_of(value, where)
    kind = part.get("type")
    kind = "text" if kind is None else kind
    if kind in _WORDS:
        return text_of(need(part, "text", where), f"{where}.text")
    keys = _PICTURES.get(kind) if isinstance(kind, str) else None
    if keys is None:
        raise FormatError(
            f"`{where}` is a part of type {quoted_key(kind)}, and only text and images are read", rule="wrong-type"
        )
    found = next(((key, part[key]) for key in keys if part.get(key) is not None), ("", None))
    return [
        given.image(
            {"data": found[1]} if found[0] == "base64" and not str(found[1]).startswith("data:") else found[1], where
        )
    ]


def history_of(given: Given) -> tuple[Turn, ...]:
    """The earlier turns of a row that names them as pairs of what was asked and answered."""
    history = given.get("history")
    if not history:
        return ()
    turns: list[Turn] = []
    for number, pair in enumerate(listed(history, "history")):
        if not isinstance(pair, list) or len(pair) != 2:
            raise FormatError(f"`history[{number}]` is no pair of what was asked and answered", rule="wrong-type")
        asked, answered = (text_of(said, f"history[{number}]") for said in pair)
        turns += (Turn("user", given.said(asked, f"history[{number}]")), Turn("assistant", answered))
    return tuple(turns)


# ---- sharegpt --------------------------------------------------------------------------------------------------------


def shared_turns(value: object, key: str, given: Given) -> tuple[Turn, ...]:
    """The turns of sharegpt's list of what each speaker said.

    Args:
        value: what stands under `key`.
        key: its name, for errors.
        given: the record that it is of.

    Raises:
        FormatError: it is no such list, or one of the speakers is none that a model knows.
    """
    said = listed(value, key)
    if not said:
        raise FormatError(f"`{key}` holds no turn", rule="empty")
    return tuple(_shared_turn(turn, key, number, given) for number, turn in enumerate(said))


def _shared_turn(value: object, key: str, number: int, given: Given) -> Turn:
    where = f"{key}[{number}]"
    turn = mapping_of(value, where)
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
    if len(turn) == 2 and role != "tool" and speaker != "function_call":
        return Turn(role, given.said(text, f"{where}.value"))
    if speaker == "function_call":
        return _turn(role, "", [*_called(text, f"{where}.value"), *_calls(turn, where)], turn, where, given)
    return _turn(role, given.said(text, f"{where}.value"), _calls(turn, where), turn, where, given)


def _called(value: str, where: str) -> list[ToolCall]:
    """The calls of a function_call's value."""
    said = decoded(value)
    calls = said if isinstance(said, list) else [said]
    if not calls or not all(isinstance(call, Mapping) for call in calls):
        raise FormatError(
            f"`{where}` is no function call: it needs JSON, an object with `name` and `arguments` or a list of these",
            rule="wrong-type",
        )
    return [call_of(call, where) for call in calls]
