"""Tool calls: is each call one that a program could make, and does each answer of a tool belong to a call?

Calls are read where data sets put them: `tool_calls` in OpenAI's form (`function: {name, arguments}`) or LangChain's
(`name`, `args`), the older `function_call`, and Hermes' `<tool_call>{…}</tool_call>` in the assistant's text. Other ways
to call in the text (Glaive's `<functioncall>`, Llama's `<function=`, Mistral's `[TOOL_CALLS]`, ReAct's `Action:`) are seen,
so that their answers are no faults, and not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from seatrial import Row, Turn

__all__ = ["Call", "Fault", "calls_of", "decoded", "tool_faults"]

_OPENS, _CLOSES = "<tool_call>", "</tool_call>"
_IN_TEXT = re.compile(r"<\|?/?(?:tool|function|python)|\[TOOL_CALLS\]|^Action:", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that an assistant's turn makes."""

    id: str | None
    """What its answer must name; None where the source gives calls no ids."""
    name: str | None
    problem: str = ""
    """Why no program could make this call, or ""."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the calls and answers of a conversation."""

    rule: Literal["tool-call", "tool-answer", "tool-unanswered"]
    turn: int
    detail: str


def tool_faults(row: Row) -> Iterator[Fault]:
    """The faults of a row's calls and answers, in the order of its turns. A call that ends the row may stay open."""
    open_calls, in_text = _OpenCalls(), row.format != "chat"
    for index, turn in enumerate(row.turns):
        if turn.role == "tool":
            if problem := open_calls.answer(turn, in_text=in_text):
                yield Fault("tool-answer", index, problem)
        elif turn.role in {"user", "assistant"}:
            if open_calls:
                yield Fault("tool-unanswered", index, f"the {turn.role} speaks before {open_calls} is answered")
            calls = calls_of(turn)
            yield from (Fault("tool-call", index, call.problem) for call in calls if call.problem)
            ids = [call.id for call in calls if call.id is not None]
            if len(set(ids)) < len(ids):
                yield Fault("tool-call", index, "two calls have the same id")
            open_calls = _OpenCalls(calls)
            in_text = row.format != "chat" or (not calls and _calls_in_text(turn))


class _OpenCalls:
    """The calls of the assistant's last turn that no tool has answered yet."""

    def __init__(self, calls: Sequence[Call] = ()) -> None:
        self._made = bool(calls)
        self._by_id = {call.id: call.name for call in calls if call.id is not None}
        self._without_id = [call.name for call in calls if call.id is None]
        self._may_be_answered = False

    def __bool__(self) -> bool:
        return bool(self._by_id or (self._without_id and not self._may_be_answered))

    def __str__(self) -> str:
        names = [*self._by_id.values(), *self._without_id]
        return _quoted(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")

    def answer(self, turn: Turn, *, in_text: bool) -> str:
        """Take the call that a tool's turn answers off the list; else why there is none.

        `in_text`: calls may stand in the text in a form that is not known here, so that an answer to no call is no fault;
        and one text may answer all calls, as sharegpt's observation does.
        """
        extra = decoded(turn.extra) if turn.extra else None
        wanted = extra.get("tool_call_id") if isinstance(extra, Mapping) else None
        if isinstance(wanted, str):
            if wanted in self._by_id:
                del self._by_id[wanted]
                return ""
            return "no call of the id that it names is open"
        if self._without_id:
            self._without_id.pop()
            self._may_be_answered = in_text
            return ""
        if self._by_id:
            return "it names no call, though the calls have ids"
        if self._made:
            return "every call has been answered"
        return "" if in_text else "the assistant has called no tool"


def calls_of(turn: Turn) -> list[Call]:
    """The calls that an assistant's turn makes, in its extra data and in its text."""
    if turn.role != "assistant":
        return []
    extra = decoded(turn.extra) if turn.extra else None
    said: Mapping[str, Any] = extra if isinstance(extra, Mapping) else {}
    listed = said.get("tool_calls") or []
    given = [*listed] if isinstance(listed, list) else [listed]
    if said.get("function_call"):
        given.append(said["function_call"])
    calls = [_call(call) for call in (*given, *map(decoded, _tagged(turn.content)))]
    if said.get("invalid_tool_calls"):  # LangChain's list of those that it could not parse
        calls.append(Call(None, None, "a call could not be parsed when it was made"))
    return calls


def _calls_in_text(turn: Turn) -> bool:
    """Whether the assistant seems to call in a way that is not read."""
    return turn.role == "assistant" and _IN_TEXT.search(turn.content) is not None


def _quoted(name: object) -> str:
    """A function's name as a finding may quote it: what doesn't look like one could be what somebody wrote."""
    return repr(name) if isinstance(name, str) and _NAME.fullmatch(name) else "a call"


def _call(given: object) -> Call:
    if not isinstance(given, Mapping):
        return Call(None, None, "a call is no JSON object")
    function = given.get("function", given)
    function = function if isinstance(function, Mapping) else {}
    name, identity = function.get("name"), given.get("id")
    arguments = function.get("arguments", function.get("args"))
    if not isinstance(name, str) or not name.strip():
        problem, name = "a call names no function", None
    elif isinstance(arguments, str) and not isinstance(decoded(arguments), dict):
        problem = f"the arguments of {_quoted(name)} are no JSON object"
    elif arguments is not None and not isinstance(arguments, str | Mapping):
        problem = f"the arguments of {_quoted(name)} are neither a JSON object nor its text"
    elif identity is not None and not isinstance(identity, str):
        problem, identity = f"the id of {_quoted(name)} is no text", None
    else:
        problem = ""
    return Call(identity if isinstance(identity, str) else None, name, problem)


def decoded(text: str) -> Any:
    """The JSON value of a text; None where it is none, or one that is nested too deeply to follow."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tagged(text: str) -> Iterator[str]:
    """What stands between Hermes' tags, from a brace on: tags can be talked about, too."""
    for piece in text.split(_OPENS)[1:]:
        call = piece.partition(_CLOSES)[0].strip()
        if call.startswith("{"):
            yield call
