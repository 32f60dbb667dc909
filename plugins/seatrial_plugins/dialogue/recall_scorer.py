"""Slot recall: does a reply say what the user has said before, where it should."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seatrial import Block, Example, Examples, Row, Sample, Scored, Task, Transcript
from seatrial.evaluation.matching import has_words, says
from seatrial.rows import Check

__all__ = ["RecallScorer"]

_EXCERPT = 400
_SHOWN = 200


class RecallScorer:
    """Looks for each slot's values in the reply.

    A row whose reply needs no slot has no numbers, and is no error.
    """

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order; a pure function of the reply and of what the row expects."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield _sample(row, transcript)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows say no slots (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if isinstance(slots := _slots(row), str):
                yield row.id, slots

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Replies of the system on trial that leave out what was said."""
        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        wrong = [one for one in rows if one["value:slot_recall"] is not None and one["value:slot_recall"] < 1]
        wrong.sort(key=lambda one: (one["value:slot_recall"], one["row"]))
        if wrong:
            yield Examples(
                "Replies that leave out what was said before", [_example(one) for one in wrong[:_SHOWN]], of=len(wrong)
            )


def _sample(row: Row, transcript: Transcript) -> Sample:
    slots = _slots(row)
    text = row.input_text
    detail: dict[str, object] = {"input": text if len(text) <= _EXCERPT else f"…{text[1 - _EXCERPT :]}"}
    about: Mapping[str, Any] = {"target": row.target, "prompt_hash": transcript.prompt_hash, "slice": row.slice}
    problem = transcript.error or (slots if isinstance(slots, str) else None)
    if problem is None and len(transcript.responses) != 1:
        problem = f"the transcript has {len(transcript.responses)} answers, where one is judged"
    if problem is not None or isinstance(slots, str):
        return Sample(row.id, {}, detail=detail, error=problem, **about)
    reply = transcript.responses[0].text
    said = {
        name: any(says(transcript.responses[0].answer, value) for value in values) for name, values in slots.items()
    }
    last = next((turn.content for turn in reversed(row.prompt) if turn.role == "user"), "")
    earlier = [found for name, found in said.items() if not any(says(last, value) for value in slots[name])]
    values: dict[str, float | None] = {
        "slot_recall": _share(list(said.values())),
        "all_slots": float(all(said.values())) if said else None,
        "earlier_recall": _share(earlier),
    }
    detail |= {"slots": slots, "left_out": [name for name, found in said.items() if not found]}
    return Sample(row.id, values, prediction=reply, detail=detail, **about)


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _slots(row: Row) -> dict[str, list[str]] | str:
    """The row's slots, each with the values that mean the same; or why it has none."""
    if not isinstance(row.expected, Check) or row.expected.kind != "recall":
        return "the row says no slots to recall: `check: {kind: recall, code: {slot: [values]}}`"
    try:
        slots = json.loads(row.expected.code)
    except (ValueError, RecursionError) as error:
        return f"its slots are no JSON: {error}"
    if not isinstance(slots, dict) or not all(
        isinstance(values, list) and values and all(isinstance(one, str) for one in values) for values in slots.values()
    ):
        return "its slots are no mapping of names to lists of texts"
    if silent := next((name for name, values in slots.items() if not any(map(has_words, values))), None):
        return f"no reply can say its slot {silent!r}, whose values have no word"
    return slots


def _example(row: Mapping[str, Any]) -> Example:
    detail = json.loads(row["detail"])
    left = "; ".join(f"{name}: {' or '.join(detail['slots'][name])}" for name in detail["left_out"])
    fields = (
        ("said", detail["input"]),
        ("replied", row["prediction"] or ""),
        ("left out", left),
        ("expected", row["target"] or ""),
    )
    return Example(row["row"], fields)
