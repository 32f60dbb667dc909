"""Script scorer: which assertions of a scripted conversation hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seatrial import Block, Example, Examples, Row, Sample, Scored, Task, Transcript
from seatrial_plugins.dialogue.script import script_of

__all__ = ["ScriptScorer"]

_SHOWN = 200


class ScriptScorer:
    """Holds each answer against the assertions of its turn; turns without any are only said."""

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order; a pure function of the answers and of the script."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield _sample(row, transcript)

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Conversations of the system on trial in which an assertion breaks, and where."""
        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        broken = [one for one in rows if one["value:conversation"] == 0.0]
        if broken:
            shown = [_example(one) for one in broken[:_SHOWN]]
            yield Examples("Conversations in which an assertion breaks", shown, of=len(broken))


def _sample(row: Row, transcript: Transcript) -> Sample:
    script = script_of(row)
    about: Mapping[str, Any] = {"prompt_hash": transcript.prompt_hash, "slice": row.slice}
    problem = transcript.error or (script if isinstance(script, str) else None)
    if problem is None and len(transcript.responses) != len(script):
        problem = f"the transcript has {len(transcript.responses)} answers to {len(script)} turns"
    if problem is not None or isinstance(script, str):
        return Sample(row.id, {}, error=problem, **about)
    said = [one.text for one in transcript.responses]
    broken = [turn.broken(one.answer) for turn, one in zip(script, transcript.responses, strict=True)]
    held = [not why for turn, why in zip(script, broken, strict=True) if turn.asserts]
    asked = [row.input_text, *(turn.user for turn in script[1:])]
    first = next((at for at, why in enumerate(broken) if why), len(said) - 1)
    detail = {
        "turns": [
            {"user": user, "answer": text, "broken": why} for user, text, why in zip(asked, said, broken, strict=True)
        ]
    }
    values: dict[str, float | None] = {"turns": sum(held) / len(held), "conversation": float(all(held))}
    return Sample(row.id, values, prediction=said[first], detail=detail, **about)


def _example(row: Mapping[str, Any]) -> Example:
    turns = json.loads(row["detail"])["turns"]
    at, turn = next((place, one) for place, one in enumerate(turns, 1) if one["broken"])
    fields = (
        ("turn", f"{at} of {len(turns)}"),
        ("asked", turn["user"]),
        ("answered", turn["answer"]),
        ("breaks", "; ".join(turn["broken"])),
    )
    return Example(row["row"], fields)
