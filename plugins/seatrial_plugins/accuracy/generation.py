"""Generation: the model's own words against the expected ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seatrial import Row, Rows, Sample, SeatrialError, System, Task
from seatrial.errors import StageError
from seatrial.evaluation.task import Task as JudgedTask
from seatrial.evaluation.transcript import Response, Transcript
from seatrial.model import Generates
from seatrial.rows.table import RowList, batches
from seatrial_plugins.accuracy.evidence import excerpt, prompt_hash, slice_of
from seatrial_plugins.accuracy.generation_scorer import GenerationScorer as AnswerJudge

__all__ = ["GenerationScorer"]

_ROWS = 64
"""Rows answered at a time."""


@dataclass(frozen=True, slots=True)
class GenerationScorer:
    """Greedy answers, held against each row's last turn."""

    judge: AnswerJudge
    max_new_tokens: int
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise StageError(f"generation: max_new_tokens is {self.max_new_tokens}; give 1 or more")

    def score(self, system: System, rows: Rows, task: Task) -> Iterator[Sample]:
        """One sample a row, in order."""
        model: object = system.model
        if not isinstance(model, Generates):
            raise StageError(f"generation: {system.name} cannot generate; take another loader or scorer")
        done = 0
        for batch in batches(rows, _ROWS):
            yield from self._answer(system, model, batch)
            done += len(batch)
            task.progress(done, len(rows))

    def _answer(self, system: System, model: Generates, rows: Sequence[Row]) -> list[Sample]:
        try:
            answers = model.generate(
                [system.prompt(row) for row in rows], max_new_tokens=self.max_new_tokens, stop=self.stop
            )
        except SeatrialError as error:
            if len(rows) == 1:
                return [_failed(system, rows[0], str(error))]
            return [sample for row in rows for sample in self._answer(system, model, [row])]
        transcripts = [
            Transcript(
                row.id,
                (Response(answer.text, tokens=answer.tokens, finished=answer.finished),),
                prompt_hash(system, row),
            )
            for row, answer in zip(rows, answers, strict=True)
        ]
        return list(self.judge.score(transcripts, JudgedTask("test", RowList(rows))))


def _failed(system: System, row: Row, reason: str) -> Sample:
    return Sample(
        row.id, {}, target=row.target, prompt_hash=prompt_hash(system, row), slice=slice_of(row),
        detail={"input": excerpt(row)}, error=reason,
    )  # fmt: skip
