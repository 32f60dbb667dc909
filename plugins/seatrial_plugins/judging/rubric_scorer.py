"""The judge by rubric: grades of each answer, and what human labels say of the judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from seatrial import Block, Row, Sample, Scored, Task, Transcript, UsageError
from seatrial.rows import Preference
from seatrial_plugins.judging.asking import Asking
from seatrial_plugins.judging.material import not_shown, words_of
from seatrial_plugins.judging.measured import Measured, measured_blocks
from seatrial_plugins.judging.rubric import Rubric

__all__ = ["RubricScorer"]

_BATCH = 256
"""Answers that are judged at a time."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a judge said of one answer."""

    grades: dict[str, int]
    asked: list[dict[str, str]]
    """Question and answer, by criterion."""
    errors: dict[str, str]
    silent: bool
    """Whether the judge did not answer, which may pass."""


class RubricScorer:
    """Grades each answer of a system by each criterion; it passes where every grade reaches `passing`."""

    def __init__(self, asking: Asking, rubric: Rubric, passing: int, humans: Sequence[Row]) -> None:
        self._asking = asking
        self._rubric = rubric
        self._passing = passing
        self.unanswered = 0
        self._humans = [_labelled(row, reference=rubric.reference) for row in humans]

    def keep_answers(self, file: Path) -> None:
        """As `seatrial.evaluation.scorer.AsksModel` has it."""
        self._asking.keep(file)
        self.unanswered = 0

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order."""
        pairs = zip(transcripts, task.rows, strict=True)
        while batch := list(islice(pairs, _BATCH)):
            problems = [self._problem(one, row) for one, row in batch]
            able = [(row, one.responses[0].text) for (one, row), why in zip(batch, problems, strict=True) if not why]
            judged = iter(self._judged(able))
            for (one, row), why in zip(batch, problems, strict=True):
                if why is None:
                    yield self._sample(one, row, next(judged))
                else:
                    yield Sample(one.row, {}, target=row.target, prompt_hash=one.prompt_hash, error=why)

    def _problem(self, transcript: Transcript, row: Row) -> str | None:
        """Why an answer cannot be judged as the others are, or None."""
        if transcript.error is not None:
            return transcript.error
        if len(transcript.responses) != 1:
            return f"the transcript has {len(transcript.responses)} answers, where one is judged"
        if self._rubric.reference and _expected(row) is None:
            return "the judge is shown expected answers (`reference`), and the row has none"
        return not_shown(row.turns)

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Whether the judge can be relied on, and the rates corrected for its errors."""
        return measured_blocks(scored, self._asking.address, self._measured)

    # ---- one answer -----------------------------------------------------------------------------------------------

    def _judged(self, answers: Sequence[tuple[Row, str]]) -> list[_Judged]:
        names = list(self._rubric.criteria)
        questions = [
            self._rubric.question(name, _asked(row), answer, _expected(row), row.tools)
            for row, answer in answers
            for name in names
        ]
        said = iter(zip(questions, self._asking.answers(questions), strict=True))
        return [self._one([(name, *next(said)) for name in names]) for _ in answers]

    def _one(self, told: Sequence[tuple[str, str, Any]]) -> _Judged:
        grades: dict[str, int] = {}
        errors: dict[str, str] = {}
        for name, _, said in told:
            found = f"the judge did not answer: {said.error}" if said.error else self._rubric.grade(said.text)
            if isinstance(found, int):
                grades[name] = found
            else:
                errors[name] = found
        asked = [{"criterion": name, "question": question, "answer": said.text} for name, question, said in told]
        return _Judged(grades, asked, errors, any(said.error for _, _, said in told))

    def _passes(self, judged: _Judged) -> bool:
        return all(grade >= self._passing for grade in judged.grades.values())

    def _sample(self, transcript: Transcript, row: Row, judged: _Judged) -> Sample:
        values: dict[str, float | None] = {f"grade:{name}": float(grade) for name, grade in judged.grades.items()}
        lacks = [f"grade:{name}" for name in judged.errors]
        if judged.errors:
            lacks.append("passed")
            self.unanswered += judged.silent
        else:
            values["passed"] = float(self._passes(judged))
        return Sample(
            transcript.row,
            values,
            prediction=transcript.responses[0].text,
            target=row.target,
            prompt_hash=transcript.prompt_hash,
            slice=row.label or row.slice,
            detail={"judge": self._asking.address, "judged": judged.asked},
            error="; ".join(f"{name}: {why}" for name, why in judged.errors.items()) or None,
            lacks=tuple(lacks),
        )

    # ---- the judge itself -----------------------------------------------------------------------------------------

    @cached_property
    def _measured(self) -> Measured | None:
        """What the judge says of answers that people have labelled; None where there are none."""
        if not self._humans:
            return None
        judged = self._judged([(row, answer) for row, answer, _ in self._humans])
        pairs = [
            (good, self._passes(one)) for (_, _, good), one in zip(self._humans, judged, strict=True) if not one.errors
        ]
        unread = [next(iter(one.errors.values())) for one in judged if one.errors]
        self.unanswered += sum(one.silent for one in judged)
        return Measured.of(pairs, unread)


def _asked(row: Row) -> Sequence[Any]:
    return row.prompt if not isinstance(row.expected, Preference) else row.turns[:-1]


def _expected(row: Row) -> str | None:
    return None if row.target is None else words_of(row.turns[-1])


def _labelled(row: Row, *, reference: bool) -> tuple[Row, str, bool]:
    """The row, its answer, and whether people found it good.

    Its own answer is no reference, and it has no other: shown to the judge, the answer would be held against itself.
    """
    said = row.expected
    where = f"judge: {row.file}:{row.line} of `humans`"
    if not isinstance(said, Preference) or bool(said.chosen) == bool(said.rejected):
        raise UsageError(
            f"{where} is no answer that was found good or bad: give `prompt`, `completion` and `label` (true or false)"
        )
    if reference:
        raise UsageError(
            f"{where} has no expected answer beside the one that people judged, and `reference: true` shows the judge one: its "
            "errors would be measured on another question than the run's; leave out `reference`, or `humans`"
        )
    if why := not_shown(row.turns):
        raise UsageError(f"{where}: {why}")
    return row, words_of(row.turns[-1]), bool(said.chosen)
