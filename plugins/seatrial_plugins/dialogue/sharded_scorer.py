"""Sharded: is a question still answered where its facts come one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seatrial import Block, Example, Examples, Row, Sample, Scored, Task, Transcript
from seatrial.evaluation.matching import Match, is_right, references_of, unjudged

__all__ = ["ShardedScorer"]

_SHOWN = 200


class ShardedScorer:
    """Holds the answer to the whole and the last answer to the shards against what the row expects, both of one row."""

    def __init__(self, match: Match) -> None:
        self._match = match

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order. A question without facts has no numbers: there is nothing to tell apart."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield self._sample(row, transcript)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows have nothing to be held against (`seatrial.model.ChecksRows`)."""
        return ((row.id, reason) for row in rows if (reason := unjudged(row, self._match)))

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """What the system on trial answers at once and not over several turns."""
        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        lost = [one for one in rows if one["value:difference"] == -1.0]
        if lost:
            shown = [_example(one) for one in lost[:_SHOWN]]
            yield Examples("Right at once, wrong over several turns", shown, of=len(lost))

    def _sample(self, row: Row, transcript: Transcript) -> Sample:
        shards = transcript.detail.get("shards")
        detail: dict[str, object] = {"shards": shards}
        about: Mapping[str, Any] = {"target": row.target, "prompt_hash": transcript.prompt_hash, "slice": row.slice}
        if problem := transcript.error or unjudged(row, self._match):
            return Sample(row.id, {}, detail=detail, error=problem, **about)
        if not shards:
            return Sample(row.id, {"whole": None, "sharded": None, "difference": None}, detail=detail, **about)
        expected = references_of(row)
        whole, last = (float(is_right(transcript.responses[at].answer, expected, self._match)) for at in (0, -1))
        detail["whole"] = transcript.responses[0].text
        values: dict[str, float | None] = {"whole": whole, "sharded": last, "difference": last - whole}
        return Sample(row.id, values, prediction=transcript.responses[-1].text, detail=detail, **about)


def _example(row: Mapping[str, Any]) -> Example:
    detail = json.loads(row["detail"])
    fields = (
        ("turns", " | ".join(detail["shards"])),
        ("at once", detail["whole"]),
        ("over turns", row["prediction"] or ""),
        ("expected", row["target"] or ""),
    )
    return Example(row["row"], fields)
