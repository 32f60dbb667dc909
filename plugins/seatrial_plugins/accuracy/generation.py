"""Generation: the system's own words against the expected ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial import Row, Sample, Task, Transcript
from seatrial_plugins.accuracy.evidence import excerpt, slice_of
from seatrial_plugins.accuracy.metrics import ExactMatch, TokenF1

__all__ = ["GenerationScorer"]


class GenerationScorer:
    """Answers, held against each row's last turn."""

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield _sample(row, transcript)


def _sample(row: Row, transcript: Transcript) -> Sample:
    error = transcript.error or (None if row.target is not None else "the row has no expected answer")
    about = {"target": row.target, "prompt_hash": transcript.prompt_hash, "slice": slice_of(row)}
    if error is not None:
        return Sample(row.id, {}, detail={"input": excerpt(row)}, error=error, **about)  # type: ignore[arg-type]  # of the fields' types
    answer, expected = transcript.responses[0], [row.target or ""]
    said = answer.text.strip()
    values = {
        "exact_match": ExactMatch.items([said], expected)[0],
        "token_f1": TokenF1.items([said], expected)[0],
        "finished": float(bool(answer.finished)),
    }
    detail = {"input": excerpt(row), "tokens": answer.tokens}
    return Sample(row.id, values, prediction=said, detail=detail, **about)  # type: ignore[arg-type]
