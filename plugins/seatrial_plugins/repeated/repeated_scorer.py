"""Repeated scorer: each of several answers is right or wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seatrial import Block, Example, Examples, Row, Sample, Scored, Task, Transcript
from seatrial.evaluation.attempts import attempt_values
from seatrial.evaluation.matching import Match, is_right, references_of, unjudged

__all__ = ["RepeatedScorer"]

_EXCERPT = 400
_SHOWN = 200


class RepeatedScorer:
    """Holds every answer to a row against what the row expects."""

    def __init__(self, match: Match, answers: int, k: Sequence[int]) -> None:
        self._match: Match = match
        self._answers, self._k = answers, tuple(k)

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order; a pure function of what the model wrote and of what the rows expect."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield self._sample(row, transcript)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows cannot be judged, whatever is answered (`seatrial.model.ChecksRows`)."""
        return ((row.id, reason) for row in rows if (reason := unjudged(row, self._match)))

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Rows that the system on trial answers rightly sometimes: the least reliable first."""
        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        flaky = [one for one in rows if one.get("value:flaky") == 1.0]
        flaky.sort(key=lambda one: (one["value:pass@1"], one["row"]))
        if flaky:
            yield Examples("Right sometimes", [_example(one) for one in flaky[:_SHOWN]], of=len(flaky))

    def _sample(self, row: Row, transcript: Transcript) -> Sample:
        text = row.input_text
        detail: dict[str, object] = {"input": text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"}
        about: Mapping[str, Any] = {
            "target": row.target,
            "prompt_hash": transcript.prompt_hash,
            "slice": row.label or row.slice,
        }
        problem = transcript.error or unjudged(row, self._match)
        if not problem and len(transcript.responses) != self._answers:
            problem = f"the transcript has {len(transcript.responses)} answers, where {self._answers} are judged"
        if problem:
            return Sample(row.id, {}, detail=detail, error=problem, **about)
        said = [one.text for one in transcript.responses]
        right = [is_right(one.answer, references_of(row), self._match) for one in transcript.responses]
        detail |= {"answers": said, "right": right}
        first = right.index(False) if False in right else 0
        return Sample(row.id, attempt_values(right, self._k), prediction=said[first], detail=detail, **about)


def _example(row: Mapping[str, Any]) -> Example:
    detail = json.loads(row["detail"])
    right = detail["right"]
    fields = (
        ("asked", detail["input"]),
        ("right", f"{sum(right)} of {len(right)}"),
        ("wrongly answered", row["prediction"] or ""),
        ("expected", row["target"] or ""),
    )
    return Example(row["row"], fields)
