"""Tool calls: an answer is right where it makes the calls that the row expects, and no others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seatrial import Block, Example, Examples, Row, Sample, Scored, Task, Transcript
from seatrial.evaluation.attempts import attempt_values
from seatrial.rows import Check, ToolCall
from seatrial_plugins.tools.call_check import Expected, disagreement, right_calls
from seatrial_plugins.tools.written_calls import written_calls

__all__ = ["ToolCallsScorer"]

_EXCERPT = 400
_SHOWN = 200


class ToolCallsScorer:
    """Reads the calls that each answer makes, and holds them against those expected."""

    def __init__(self, answers: int, k: Sequence[int], *, dotted: bool) -> None:
        self._answers, self._k, self._dotted = answers, tuple(k), dotted

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order; a pure function of what the model wrote and of what the rows expect."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield self._sample(row, transcript)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows cannot be judged, whatever is answered (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if isinstance(reason := _expected(row), str):
                yield row.id, reason

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Answers of the system on trial that make other calls than expected, and what differs."""
        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        wrong = [one for one in rows if one["value:pass@1"] is not None and one["value:pass@1"] < 1]
        shown = [_example(one, json.loads(one["detail"])) for one in wrong[:_SHOWN]]
        if shown:
            yield Examples("Other calls than expected", shown, of=len(wrong))

    def _sample(self, row: Row, transcript: Transcript) -> Sample:
        expected = _expected(row)
        text = row.input_text
        detail: dict[str, object] = {"input": text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"}
        target = None if isinstance(expected, str) else json.dumps(expected, ensure_ascii=False)
        about: Mapping[str, Any] = {"target": target, "prompt_hash": transcript.prompt_hash, "slice": row.slice}
        problem = transcript.error or (expected if isinstance(expected, str) else None)
        if problem is None and len(transcript.responses) != self._answers:
            problem = f"the transcript has {len(transcript.responses)} answers, where {self._answers} are judged"
        if problem is not None or isinstance(expected, str):
            return Sample(row.id, {}, detail=detail, error=problem, **about)
        names = [tool["function"]["name"] for tool in row.tools]
        names += [] if self._dotted else [name.replace(".", "_") for name in names]
        calls = [written_calls(said.answer, names) for said in transcript.responses]
        differs = [disagreement(one, expected, row.tools, dotted=self._dotted) for one in calls]
        detail["differs"] = differs
        detail["tokens"] = [said.tokens for said in transcript.responses]
        count = len(calls)
        values: dict[str, float | None] = {
            **attempt_values([not one for one in differs], self._k),
            "called": sum(any(call.name for call in one) for one in calls) / count if expected else None,
            "named": sum(self._named(one, expected) for one in calls) / count if expected else None,
            "withheld": None if expected else sum(not one for one in calls) / count,
        }
        first = next((place for place, one in enumerate(differs) if one), 0)
        return Sample(row.id, values, prediction=transcript.responses[first].text, detail=detail, **about)

    def _named(self, calls: Sequence[ToolCall], expected: Sequence[Expected]) -> bool:
        wanted = Counter(name if self._dotted else name.replace(".", "_") for one in expected for name in one)
        return Counter(call.name for call in calls) == wanted


def _example(row: Mapping[str, Any], detail: Mapping[str, Any]) -> Example:
    differs = next((one for one in detail["differs"] if one), "")
    fields = (
        ("asked", detail["input"]),
        ("answered", row["prediction"] or ""),
        ("expected", row["target"] or ""),
        ("differs", differs),
    )
    return Example(row["row"], fields)


def _expected(row: Row) -> list[Expected] | str:
    """The calls that are right, or why none are known: those that the row says, or those of its answer."""
    if not row.tools:
        return "the row offers no tools (`tools`)"
    if isinstance(row.expected, Check):
        if row.expected.kind != "calls":
            return f"its check is of the kind {row.expected.kind!r}, not `calls`"
        return right_calls(row.expected.code)
    if not row.answered:
        return "the row says no calls that would be right: `ground_truth`, or an answer that makes them"
    # An answer may write its calls as models do; as text they would say that none should be made.
    calls = row.turns[-1].calls or written_calls(
        row.turns[-1].content, [tool["function"]["name"] for tool in row.tools]
    )
    if unread := next((call for call in calls if not call.name or not isinstance(call.arguments, Mapping)), None):
        return f"its answer makes a call of {unread.name or 'a tool'} that cannot be read"
    return [{call.name: _right(call, row)} for call in calls]


def _right(call: ToolCall, row: Row) -> dict[str, list[Any]]:
    """What would be right for each argument of a call: what it says; where that is the default, also nothing; and the default of
    one that it leaves out.
    """
    given: object = call.arguments
    said = dict(given) if isinstance(given, Mapping) else {}
    described = (tool["function"].get("parameters") for tool in row.tools if tool["function"]["name"] == call.name)
    properties = (next(described, None) or {}).get("properties") or {}
    right = {name: [_folded(value)] for name, value in said.items()}
    for name, schema in properties.items():
        if (
            isinstance(schema, Mapping)
            and "default" in schema
            and said.get(name, schema["default"]) == schema["default"]
        ):
            right[name] = [_folded(schema["default"]), ""]
    return right


def _folded(value: Any) -> Any:
    """A value as the leaderboard writes the right ones: in objects, a list of values a key."""
    if isinstance(value, Mapping):
        return {key: [one] for key, one in value.items()}
    if isinstance(value, list):
        return [_folded(one) for one in value]
    return value
