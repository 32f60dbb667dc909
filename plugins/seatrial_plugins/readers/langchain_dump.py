"""LangChain's message dumps, as chat messages.

Two layouts are read, mixed or not:

    messages_to_dict   {"type": "human", "data": {"content": …, …}}; also with the data beside the type
    dumpd, dumps       {"lc": 1, "type": "constructor", "id": […, "HumanMessage"], "kwargs": {"content": …, …}}
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seatrial import RawRecord
from seatrial_plugins.readers.json_lines import JsonLines
from seatrial_plugins.readers.json_list import JsonList
from seatrial_plugins.readers.opening import LIMIT

__all__ = ["LangchainDump"]

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
_CALLS = {"tool_use", "tool_call", "function_call"}
"""Parts of a content that say again what `tool_calls` says."""
_KEPT = ("name", "tool_call_id", "invalid_tool_calls")
"""What a message says beyond role and content that a chat template may use. Usage counts and ids are not said."""


class LangchainDump:
    """Reads a list of conversations, one conversation alone, or JSON Lines with a conversation a line.

    A conversation is a list of messages, or an object with such a list under `messages` (a dumped prompt value too).
    """

    suffixes = (".json", ".jsonl", ".ndjson")
    by_suffix = False

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a conversation: `{"messages": [{role, content, …}, …]}`."""
        plain = file.name.lower().removesuffix(".gz")
        reader = JsonLines(self._limit) if plain.endswith(JsonLines.suffixes) else JsonList(self._limit)
        records = reader.read(file)
        first = next(records)
        records = itertools.chain([first], records)
        if isinstance(first.value, Mapping) and _is_message(first.value):
            yield from _one_conversation(list(records))
        else:
            yield from map(_conversation, records)


def _is_message(value: Mapping[str, Any]) -> bool:
    return _kind(value) is not None and "messages" not in _data(value)


def _one_conversation(records: list[RawRecord]) -> Iterator[RawRecord]:
    """The records of a file that is one list of messages; a broken one makes the conversation a problem."""
    broken = next((record for record in records if record.problem), None)
    first = records[0]
    if broken is not None:
        problem = f"message at line {broken.line}: {broken.problem}"
        lost = any(record.lost for record in records)
        yield RawRecord(first.line, problem=problem, excerpt=first.excerpt, lost=lost)
        return
    yield _conversation(RawRecord(first.line, [record.value for record in records], excerpt=first.excerpt))


def _conversation(record: RawRecord) -> RawRecord:
    if record.problem:
        return record
    messages = record.value
    if isinstance(messages, Mapping):
        messages = messages.get("messages") or _data(messages).get("messages")
    if not isinstance(messages, list):
        return RawRecord(record.line, problem="no list of LangChain messages", excerpt=record.excerpt)
    try:
        said = [_message(message, number) for number, message in enumerate(messages)]
    except _NotAMessageError as error:
        return RawRecord(record.line, problem=str(error), excerpt=record.excerpt)
    return RawRecord(record.line, {"messages": said}, excerpt=record.excerpt)


class _NotAMessageError(Exception):
    """Why something is no message of LangChain."""


def _kind(message: Mapping[str, Any]) -> str | None:
    """`human`, `ai`, `system`, `tool`, `function`, `chat`, …; None where it is no message."""
    name = message.get("type")
    if name == "constructor":
        path = message.get("id")
        name = path[-1] if isinstance(path, list) and path else None
    if not isinstance(name, str) or not name:
        return None
    # AIMessageChunk is what streaming leaves behind.
    return name.removesuffix("Chunk").removesuffix("Message").lower()


def _data(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the message holds, in any of the layouts."""
    inner = message.get("kwargs") if message.get("type") == "constructor" else message.get("data", message)
    return inner if isinstance(inner, Mapping) else {}


def _message(message: object, number: int) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise _NotAMessageError(f"messages[{number}] is no message of LangChain")
    kind, data = _kind(message), _data(message)
    role = data.get("role") if kind == "chat" else _ROLES.get(kind or "")
    if role is None:
        raise _NotAMessageError(f"messages[{number}] is of no kind of message that a chat has")
    if "content" not in data:
        raise _NotAMessageError(f"messages[{number}] has no content")
    said = {"role": role, "content": data["content"], **{key: data[key] for key in _KEPT if data.get(key)}}
    calls, extra = _tool_calls(data), data.get("additional_kwargs")
    if calls:
        said["tool_calls"] = calls
    elif isinstance(extra, Mapping) and extra.get("function_call"):
        said["function_call"] = extra["function_call"]  # OpenAI's first layout, which older dumps have
    if (calls or "function_call" in said) and isinstance(said["content"], list):
        said["content"] = [part for part in said["content"] if not _is_call(part)]
    return said


def _is_call(part: object) -> bool:
    return isinstance(part, Mapping) and part.get("type") in _CALLS


def _tool_calls(data: Mapping[str, Any]) -> list[Any]:
    """The calls in the chat templates' layout; those that a model wrote badly are kept as they are."""
    calls = data.get("tool_calls")
    if not isinstance(calls, list) or not calls:
        extra = data.get("additional_kwargs")
        raw = extra.get("tool_calls") if isinstance(extra, Mapping) else None
        return raw if isinstance(raw, list) else []
    return [
        {
            "type": "function",
            "id": call.get("id"),
            "function": {"name": call.get("name"), "arguments": call.get("args")},
        }
        if isinstance(call, Mapping) and "args" in call
        else call
        for call in calls
    ]
