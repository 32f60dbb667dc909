"""Generation: the model's own words against the expected ones."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from seatrial import Block, Row, Sample, Scored, Task, Transcript
from seatrial.rows import References
from seatrial.terminal.names import listed
from seatrial_plugins.accuracy import metrics
from seatrial_plugins.accuracy.evidence import evidence_of, slice_of
from seatrial_plugins.accuracy.generation_blocks import generation_blocks
from seatrial_plugins.accuracy.measure import Measure
from seatrial_plugins.accuracy.metrics.text_metric import says_something
from seatrial_plugins.accuracy.named_module import NOT_KNOWN, NamedModule

__all__ = ["GenerationScorer"]

_BATCH = 512
"""Answers judged at a time: evaluate spends 3 ms on each call, whatever is in it."""


class _Values(Protocol):
    def columns(
        self, predictions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> Mapping[str, Sequence[float | str]]:
        """Column → each answer's value, or why there is none."""
        ...


_NO_DOCSTRINGS = 2
"""Of `python -OO`."""

_UNEXPECTED = "the row has no expected answer"


class GenerationScorer:
    """Holds each answer against what the row expects, by each of the metrics that the suite names.

    White space at the ends of answers and references is no part of them. Of several references, those that say nothing
    are left aside; where none says anything no answer could be right, so the sample is an error.

    Raises:
        SourceError: a module that the suite names cannot be loaded.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._described = tuple(measures)
        _with_docstrings()
        self._measures: Mapping[str, _Values] = {
            measure.metric.name: NamedModule(measure) if ":" in measure.module else _BuiltIn(measure)
            for measure in measures
        }
        modules = [one for one in self._measures.values() if isinstance(one, NamedModule)]
        self.reads = {name: digest for one in modules for name, digest in one.reads.items()}
        """The digests of the modules that the suite brings."""
        addresses = list(dict.fromkeys(measure.module for measure in measures if ":" in measure.module))
        self.not_known = f"what {listed(addresses)} {NOT_KNOWN}" if addresses else ""
        """What these digests do not hold."""

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order; a pure function of what the model wrote and of what the rows expect."""
        pairs = zip(transcripts, task.rows, strict=True)
        while batch := list(islice(pairs, _BATCH)):
            yield from self._judged(batch)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows cannot be judged, whatever is answered, and why (`seatrial.model.ChecksRows`)."""
        return ((row.id, _UNEXPECTED) for row in rows if not _references(row))

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Wrong answers of the system on trial, how its values are spread, and what a metric could not read."""
        return generation_blocks(scored, self._described)

    def _judged(self, batch: Sequence[tuple[Transcript, Row]]) -> Iterator[Sample]:
        references = [_references(row) for _, row in batch]
        problems = [_problem(said, expected) for (said, _), expected in zip(batch, references, strict=True)]
        able = [place for place, problem in enumerate(problems) if problem is None]
        answers = [batch[place][0].responses[0].text.strip() for place in able]
        expected = [references[place] for place in able]
        # evaluate fails where there is nothing to judge.
        columns = {
            name: iter(column)
            for measure in self._measures.values()
            for name, column in (measure.columns(answers, expected) if answers else {}).items()
        }
        for (transcript, row), known, problem in zip(batch, references, problems, strict=True):
            found = {} if problem else {name: next(column) for name, column in columns.items()}
            yield _sample(transcript, row, known, found, problem)


def _with_docstrings() -> None:
    """Have `evaluate`, which adds to its methods' docstrings, find some under `python -OO`, which leaves none."""
    from evaluate import module

    copyfunc = module.copyfunc
    if sys.flags.optimize < _NO_DOCSTRINGS or getattr(copyfunc, "documents", False):
        return

    def documented(method: Any) -> Any:
        copy = copyfunc(method)
        copy.__doc__ = copy.__doc__ or ""
        return copy

    documented.documents = True  # type: ignore[attr-defined]  # once is enough
    module.copyfunc = documented


class _BuiltIn:
    """A module of the package, through `evaluate`."""

    def __init__(self, measure: Measure) -> None:
        self._module = getattr(metrics, measure.module)()
        self._keys = {name: name for name in measure.columns} or {measure.metric.column: measure.key}
        self._options = measure.options
        self._module.judge(**measure.options)  # what it needs and this machine lacks is said before anything is asked

    def columns(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Mapping[str, Sequence[float]]:
        found = self._module.compute(
            predictions=list(predictions), references=list(references), use_aggregator=False, **self._options
        )
        return {name: found[key] for name, key in self._keys.items()}


def _references(row: Row) -> tuple[str, ...]:
    """What the row expects, each reference once."""
    answers = row.expected.answers if isinstance(row.expected, References) else (row.target,)
    return tuple(dict.fromkeys(one.strip() for one in answers if one and says_something(one)))


def _problem(transcript: Transcript, expected: Sequence[str]) -> str | None:
    if transcript.error is not None:
        return transcript.error
    if len(transcript.responses) != 1:
        return f"the transcript has {len(transcript.responses)} answers, where one is judged"
    if not expected:
        return _UNEXPECTED
    return None


def _sample(
    transcript: Transcript, row: Row, expected: Sequence[str], found: Mapping[str, float | str], problem: str | None
) -> Sample:
    values: dict[str, float | None] = {name: value for name, value in found.items() if not isinstance(value, str)}
    reasons = {name: value for name, value in found.items() if isinstance(value, str)}
    detail = evidence_of(row)
    if len(expected) > 1:
        detail["references"] = list(expected)
    prediction = None
    if len(transcript.responses) == 1:
        said = transcript.responses[0]
        prediction = said.text.strip()
        detail["tokens"] = said.tokens
        if problem is None:
            # Not every system tells why it stopped.
            values["finished"] = None if said.finished is None else float(said.finished)
    return Sample(
        transcript.row,
        values,
        prediction=prediction,
        target=expected[0] if expected else row.target,
        prompt_hash=transcript.prompt_hash,
        slice=slice_of(row),
        detail=detail,
        error=problem or "; ".join(reasons.values()) or None,
        lacks=tuple(reasons),
    )
