"""Tool calls: is each call one that a program could make, and does each answer of a tool belong to a call?

Calls are parts of a turn, whatever layout they were read from, and Hermes' `<tool_call>{…}</tool_call>` in the assistant's
text. Other ways to call in the text (Glaive's `<functioncall>`, Llama's `<function=`, Mistral's `[TOOL_CALLS]`, ReAct's `Action:`) are seen,
so that their answers are no faults, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from seatrial import Row, Turn
from seatrial.rows import ToolCall, ToolResult
from seatrial.rows.calls import tagged_calls

__all__ = ["Call", "Fault", "calls_of", "tool_faults"]

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
        wanted = next((part.call for part in turn.parts if isinstance(part, ToolResult)), "")
        if wanted:
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
    """The calls that an assistant's turn makes, in its parts and in its text."""
    if turn.role != "assistant":
        return []
    return [_call(call) for call in (*turn.calls, *tagged_calls(turn.content))]


def _calls_in_text(turn: Turn) -> bool:
    """Whether the assistant seems to call in a way that is not read."""
    return turn.role == "assistant" and _IN_TEXT.search(turn.content) is not None


def _quoted(name: object) -> str:
    """A function's name as a finding may quote it: what doesn't look like one could be what somebody wrote."""
    return repr(name) if isinstance(name, str) and _NAME.fullmatch(name) else "a call"


def _call(call: ToolCall) -> Call:
    name = call.name if call.name.strip() else None
    if name is None:
        problem = "a call names no function"
    elif not isinstance(call.arguments, Mapping):
        problem = f"the arguments of {_quoted(name)} are no JSON object"
    else:
        problem = ""
    return Call(call.id or None, name, problem)
