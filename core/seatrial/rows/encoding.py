"""Encoding: what a turn and an expected answer hold beyond words, as a JSON text for ids and for columns of tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seatrial.rows.expected import Check, Choice, Expected, Label, Preference, References
from seatrial.rows.parts import Image, Part, Text, ToolCall, ToolResult
from seatrial.rows.turn import Turn

__all__ = ["details_of", "encoded", "expected_from", "identity_of", "remainder_of", "turn_from"]


def encoded(value: object, *, sort: bool = False) -> str:
    """The value as JSON; with `sort` the same for equal values, else in the order of its source. ASCII stores any text."""
    return json.dumps(value, ensure_ascii=True, sort_keys=sort, allow_nan=False, separators=(",", ":"))


# ---- turns -----------------------------------------------------------------------------------------------------------


def details_of(turn: Turn) -> str:
    """What the turn holds beyond role and content: parts, name, reasoning, whether it is trained. "" where nothing."""
    return "" if turn.plain else encoded(_details(turn, words=True))


def identity_of(turn: Turn, *, words: bool = True) -> str:
    """The same, equal for equal turns; without `words`, also where they differ in words alone."""
    return "" if turn.plain else encoded(_details(turn, words=words), sort=True)


def _details(turn: Turn, *, words: bool) -> Mapping[str, Any]:
    said: dict[str, Any] = {}
    if isinstance(turn.said, tuple):
        said["parts"] = [_part(part, words=words) for part in turn.parts]
    if turn.name:
        said["name"] = turn.name
    if turn.reasoning:
        said["reasoning"] = turn.reasoning
    if not turn.trained:
        said["trained"] = False
    return said


def _part(part: Part, *, words: bool) -> object:
    """A part; of its words there is only the length."""
    if isinstance(part, Text):
        return len(part.text) if words else 0
    if isinstance(part, ToolResult):
        return {"result": len(part.text) if words else 0, "call": part.call, "name": part.name}
    if isinstance(part, ToolCall):
        return {"function": part.name, "arguments": part.arguments, "id": part.id}
    return {"image": part.digest, "type": part.media_type, "size": [part.width, part.height]}


def turn_from(role: str, content: str, details: str | None) -> Turn:
    """The turn of which `details_of` gave the details."""
    if not details:
        return Turn(role, content)
    said = json.loads(details)
    parts = said.get("parts")
    return Turn(
        role,
        content if parts is None else tuple(_parts(parts, content)),
        said.get("name", ""),
        said.get("reasoning", ""),
        said.get("trained", True),
    )


def _parts(parts: Sequence[Any], content: str) -> Iterable[Part]:
    start = 0
    for part in parts:
        if isinstance(part, int):
            yield Text(content[start : start + part])
            start += part
        elif "result" in part:
            end = start + part["result"]
            yield ToolResult(content[start:end], part["call"], part["name"])
            start = end
        elif "function" in part:
            yield ToolCall(part["function"], part["arguments"], part["id"])
        else:
            yield Image(part["image"], part["type"], *part["size"])


# ---- expected answers ------------------------------------------------------------------------------------------------


def remainder_of(expected: Expected | None, turns: Sequence[Turn]) -> str:
    """What is expected beyond a label, options and the last turn; "" where nothing."""
    if expected is None or isinstance(expected, Label):
        return ""
    if isinstance(expected, References):
        return encoded({"references": expected.answers[1:]}) if len(expected.answers) > 1 else ""
    if isinstance(expected, Choice):
        told = expected.right is None or (turns and turns[-1].role == "assistant")
        return "" if told else encoded({"right": expected.right})
    if isinstance(expected, Check):
        return encoded({"check": [expected.kind, expected.code, expected.entry_point, expected.prefix]})
    if not expected.chosen:
        return encoded({"undesired": len(expected.rejected)})
    rejected = [[turn.role, turn.content, details_of(turn)] for turn in expected.rejected]
    return encoded({"chosen": len(expected.chosen), "rejected": rejected})


def expected_from(
    label: str | None, options: Sequence[str], remainder: str | None, turns: Sequence[Turn]
) -> Expected | None:
    """What is expected, of its label or options and the rest that `remainder_of` gave."""
    if label is not None:
        return Label(label)
    rest: Mapping[str, Any] = json.loads(remainder) if remainder else {}
    if options:
        return Choice(tuple(options), rest.get("right"))
    if "references" in rest:
        return References(("", *rest["references"]))
    if "check" in rest:
        return Check(*rest["check"])
    if "undesired" in rest:
        return Preference(rejected=_last(turns, rest["undesired"]))
    if "chosen" in rest:
        rejected = tuple(turn_from(*turn) for turn in rest["rejected"])
        return Preference(_last(turns, rest["chosen"]), rejected)
    return None


def _last(turns: Sequence[Turn], count: int) -> tuple[Turn, ...]:
    return tuple(turns[len(turns) - count :])
