"""Choice: the likeliest of the given options is the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seatrial import Continuation, Row, Rows, Sample, SeatrialError, System, Task
from seatrial.errors import StageError
from seatrial.model import Scores
from seatrial.rows.table import batches
from seatrial_plugins.accuracy.evidence import excerpt, prompt_hash, slice_of

__all__ = ["Choice", "ChoiceScorer", "choose"]

_ROWS = 128
"""Rows asked at a time: enough to fill a forward pass, few enough to show progress."""

_SHOWN = 5
"""Options that a sample keeps with their likelihoods."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One row's options and how likely the model finds each."""

    options: tuple[str, ...]
    continuations: tuple[Continuation, ...]

    def likeliest(self) -> str:
        """The option with the highest log-likelihood; the first of equals."""
        return max(zip(self.options, self.continuations, strict=True), key=lambda pair: pair[1].logprob)[0]

    def likeliest_by_character(self) -> str:
        """The option with the highest log-likelihood a character; the first of equals."""
        return max(
            zip(self.options, self.continuations, strict=True), key=lambda pair: pair[1].logprob / max(len(pair[0]), 1)
        )[0]

    def logprob(self, option: str) -> float:
        """The log-likelihood of one option."""
        return self.continuations[self.options.index(option)].logprob


def choose(model: Scores, prompts: Sequence[Sequence[object]], options: Sequence[tuple[str, ...]]) -> list[Choice]:
    """Ask a model; one `Choice` a prompt."""
    answers = model.loglikelihoods(prompts, options)  # type: ignore[arg-type]
    return [Choice(named, tuple(answer)) for named, answer in zip(options, answers, strict=True)]


class ChoiceScorer:
    """Scores rows with a label against the task's labels, and multiple-choice rows against their own choices."""

    def score(self, system: System, rows: Rows, task: Task) -> Iterator[Sample]:
        """One sample a row, in order."""
        if system.baseline is not None:
            yield from self._classify(system, rows, task)
            return
        model: object = system.model
        if not isinstance(model, Scores):
            raise StageError(f"choice: {system.name} gives no log-likelihoods; take another loader or scorer")
        done = 0
        for batch in batches(rows, _ROWS):
            yield from self._ask(system, model, batch, task)
            done += len(batch)
            task.progress(done, len(rows))

    def _ask(self, system: System, model: Scores, rows: Sequence[Row], task: Task) -> list[Sample]:
        asked = [(row, _options(row, task)) for row in rows]
        able = [(row, options) for row, options in asked if options]
        try:
            choices = iter(choose(model, [system.prompt(row) for row, _ in able], [options for _, options in able]))
        except SeatrialError as error:
            if len(rows) == 1:
                return [_failed(system, rows[0], asked[0][1], str(error))]
            return [sample for row in rows for sample in self._ask(system, model, [row], task)]
        return [
            _sample(system, row, next(choices)) if options else _failed(system, row, (), _no_options(row, task))
            for row, options in asked
        ]

    @staticmethod
    def _classify(system: System, rows: Rows, task: Task) -> Iterator[Sample]:
        assert system.baseline is not None
        listed = list(rows)
        for row, label in zip(listed, system.baseline.classify(listed), strict=True):
            yield Sample(
                row.id,
                {"correct": float(label == row.target), "correct_norm": None, "nll": None},
                prediction=label,
                target=row.target,
                prompt_hash=prompt_hash(system, row, _options(row, task)),
                slice=slice_of(row),
                detail={"input": excerpt(row)},
            )
        task.progress(len(listed), len(listed))


def _options(row: Row, task: Task) -> tuple[str, ...]:
    """What the row may be answered with; nothing where its expected answer is not among it."""
    options = row.choices or (task.labels if row.label is not None else ())
    return options if row.target in options else ()


def _no_options(row: Row, task: Task) -> str:
    if row.target is None:
        return "the row has no expected answer"
    if row.label is None and not row.choices:
        return "the row has neither a label nor choices"
    where = "its choices" if row.choices else f"the {len(task.labels)} labels of the train rows"
    return f"the expected answer {row.target!r} is not among {where}"


def _sample(system: System, row: Row, choice: Choice) -> Sample:
    assert row.target is not None
    prediction = choice.likeliest()
    ranked = sorted(zip(choice.options, choice.continuations, strict=True), key=lambda pair: -pair[1].logprob)
    return Sample(
        row.id,
        {
            "correct": float(prediction == row.target),
            "correct_norm": float(choice.likeliest_by_character() == row.target),
            "nll": -choice.logprob(row.target),
        },
        prediction=prediction,
        target=row.target,
        prompt_hash=prompt_hash(system, row, choice.options),
        slice=slice_of(row),
        detail={
            "input": excerpt(row),
            "options": [
                {"option": option, "logprob": round(continuation.logprob, 4)}
                for option, continuation in ranked[:_SHOWN]
            ],
        },
    )


def _failed(system: System, row: Row, options: Sequence[str], reason: str) -> Sample:
    return Sample(
        row.id,
        {},
        target=row.target,
        prompt_hash=prompt_hash(system, row, options),
        slice=slice_of(row),
        detail={"input": excerpt(row)},
        error=reason,
    )
