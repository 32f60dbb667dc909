"""Contracts: what components give back, held against what their protocols promise, before anything is made of it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

from seatrial.blocks import Block
from seatrial.blocks.codec import checked
from seatrial.data.filters import Measured
from seatrial.data.findings import Finding, Span
from seatrial.data.policy import named_row
from seatrial.errors import ContractError, StoreError
from seatrial.evaluation.scores import Sample
from seatrial.evaluation.transcript import Response, Transcript

__all__ = [
    "blocks",
    "clusters",
    "counts",
    "each",
    "facts",
    "files",
    "findings",
    "one",
    "samples",
    "step",
    "told",
    "transcripts",
]

T = TypeVar("T")

_Fields = tuple[tuple[str, tuple[type, ...], str], ...]
"""Fields of a record: name, accepted types, what another one is called."""

_TEXT = (str,), "not text"
_TEXT_OR_NONE = (str, NoneType), "neither text nor None"

_FINDING: _Fields = (
    ("row", *_TEXT),
    ("rule", *_TEXT),
    ("detail", *_TEXT),
    ("score", (float, Real, NoneType), "neither a number nor None"),
    ("spans", (tuple, list), "no tuple of Span"),
    ("matched_row", *_TEXT_OR_NONE),
    ("matched_text", *_TEXT_OR_NONE),
)

_SPAN: _Fields = (
    ("turn", (int, Integral), "not a whole number"),
    ("start", (int, Integral), "not a whole number"),
    ("end", (int, Integral), "not a whole number"),
    ("replacement", *_TEXT_OR_NONE),
)

_SAMPLE: _Fields = (
    ("row", *_TEXT),
    ("values", (Mapping,), "not a mapping of columns to numbers"),
    ("prediction", *_TEXT_OR_NONE),
    ("target", *_TEXT_OR_NONE),
    ("prompt_hash", *_TEXT),
    ("slice", *_TEXT),
    ("detail", (Mapping,), "not a mapping"),
    ("error", *_TEXT_OR_NONE),
    ("lacks", (tuple, list), "no tuple of columns"),
)

_TRANSCRIPT: _Fields = (
    ("row", *_TEXT),
    ("responses", (tuple, list), "no tuple of Response"),
    ("prompt_hash", *_TEXT),
    ("detail", (Mapping,), "not a mapping"),
    ("error", *_TEXT_OR_NONE),
)

_RESPONSE: _Fields = (
    ("text", *_TEXT),
    ("logprob", (float, Real, NoneType), "neither a number nor None"),
    ("tokens", (int, Integral, NoneType), "neither a whole number nor None"),
    ("finished", (bool, NoneType), "neither True, False nor None"),
)


def one(answer: object, kind: type[T], who: str) -> T:
    """The answer.

    Raises:
        ContractError: it is of another type.
    """
    if not isinstance(answer, kind):
        raise ContractError(f"{who} gave {_said(answer)} where it must give a {kind.__name__}")
    return answer


def each(answers: object, kind: type[T], who: str) -> Iterator[T]:
    """The answers, one after the other.

    Raises:
        ContractError: they are no series, or one is of another type.
    """
    if not isinstance(answers, Iterable):
        raise ContractError(
            f"{who} gave {_said(answers)} where it must give a series of {kind.__name__} (a list, or what it yields; an "
            "empty one where there is nothing)"
        )
    for answer in answers:
        if not isinstance(answer, kind):
            raise ContractError(f"{who} gave {_said(answer)} in a series that must be of {kind.__name__}")
        yield answer


def findings(answers: object, who: str) -> Iterator[Finding]:
    """The findings, each with fields of the types that a ledger can hold.

    Raises:
        ContractError: they are no series of findings, or a field is of another type.
    """
    for finding in each(answers, Finding, who):
        problem = _mistyped(finding, _FINDING) or _misplaced(finding.spans)
        if not problem and finding.score is not None and not math.isfinite(finding.score):
            problem = f"its `score` is {finding.score}, no number; None where there is none"
        if problem:
            raise ContractError(f"{who} made a finding about {named_row(finding.row)}: {problem}")
        yield finding


def samples(answers: object, who: str) -> Iterator[Sample]:
    """The samples, each with fields of the types that a table can hold, and its own: what is put into a mapping later, for
    another row, does not reach it.

    Raises:
        ContractError: they are no series of samples, a field is of another type, or a list's samples share a mapping.
    """
    seen: dict[int, str] = {}
    for sample in each(answers, Sample, who):
        problem = (
            _mistyped(sample, _SAMPLE)
            or _not_numbers(sample.values, "values", missing=True)
            or _unstorable(sample, ("prediction", "target", "prompt_hash", "slice", "error"), sample.detail)
        )
        if problem:
            raise ContractError(f"{who} made a sample of {named_row(sample.row)}: {problem}")
        if isinstance(answers, list | tuple):
            _refuse_shared(sample.values, sample.row, seen, who)
        yield replace(
            sample, values=dict(sample.values), lacks=tuple(sample.lacks), detail=deepcopy(dict(sample.detail))
        )


def transcripts(answers: object, who: str) -> Iterator[Transcript]:
    """The transcripts, each with fields of the types that a table can hold, and its own, as of samples.

    Raises:
        ContractError: they are no series of transcripts, a field is of another type, or a list's transcripts share responses.
    """
    seen: dict[int, str] = {}
    for transcript in each(answers, Transcript, who):
        problem = (
            _mistyped(transcript, _TRANSCRIPT)
            or _unanswerable(transcript.responses)
            or _unstorable(transcript, ("prompt_hash", "error"), transcript.detail)
        )
        if problem:
            raise ContractError(f"{who} made a transcript of {named_row(transcript.row)}: {problem}")
        if isinstance(answers, list | tuple):
            _refuse_shared(transcript.responses, transcript.row, seen, who)
        own = tuple(transcript.responses)
        yield replace(transcript, responses=own, detail=deepcopy(dict(transcript.detail)))


def _refuse_shared(held: object, row: str, seen: dict[int, str], who: str) -> None:
    """Refuse one and the same dict or list in two answers of a list: what it says of the last row, it says of all."""
    if not isinstance(held, dict | list) or not held:
        return
    if id(held) in seen:
        raise ContractError(
            f"{who} gave one and the same {type(held).__name__} for {named_row(seen[id(held)])} and for {named_row(row)}; "
            "make one for each row"
        )
    seen[id(held)] = row


def step(values: object, who: str) -> dict[str, float]:
    """What a training method logs at a step.

    Raises:
        ContractError: `step` or `steps` is no whole number, or a value is no finite number.
    """
    logged = _mapping(values, f"{who}, as a logging step,")
    if problem := _not_numbers(logged, "values", missing=False):
        raise ContractError(f"{who} logged a step: {problem}")
    for name in ("step", "steps"):
        if not isinstance(logged.get(name), Integral):
            raise ContractError(f"{who} logged a step whose `{name}` is {_said(logged.get(name))}, not a whole number")
    for name, value in logged.items():
        if not math.isfinite(value):
            raise ContractError(
                f"{who} logged {value} for {name!r} at step {logged['step']}; training that diverges must end"
            )
    return {name: int(value) if isinstance(value, Integral) else float(value) for name, value in logged.items()}


def clusters(answer: object, who: str) -> Mapping[str, str]:
    """Row id → cluster id.

    Raises:
        ContractError: it is no mapping of text to text.
    """
    named = _mapping(answer, f"{who}, as its clusters,")
    for row, cluster in named.items():
        if not isinstance(row, str) or not isinstance(cluster, str):
            raise ContractError(f"{who} put {_said(row)} into a cluster by {_said(cluster)}; both are ids, text")
    return named


def counts(answer: object, who: str) -> Mapping[str, int]:
    """What a filter counted in a batch.

    Raises:
        ContractError: it is no mapping of names to whole numbers.
    """
    counted = _mapping(answer, who)
    for name, count in counted.items():
        if not isinstance(name, str) or not isinstance(count, Integral):
            raise ContractError(f"{who} counted {_said(count)} by {_said(name)}; it must count whole numbers by names")
    return counted


def told(measured: Measured, who: str, declared: Collection[str]) -> None:
    """Refuse what a component tells besides its findings, where a run folder cannot hold it or it is not what was declared.

    Args:
        measured: what it tells.
        who: the component, for errors.
        declared: the names of its metrics.

    Raises:
        ContractError: a measure is no number, a reason no text, or a fact no JSON value; a measure is none of its metrics, or
            one of these has neither a measure nor a reason why not.
    """
    if problem := _not_numbers(_mapping(measured.measures, f"{who}, as its measures,"), "measures", missing=False):
        raise ContractError(f"{who}: {problem}")
    for name, reason in _mapping(measured.missing, f"{who}, as what is missing,").items():
        if not isinstance(name, str) or not isinstance(reason, str):
            raise ContractError(
                f"{who} gave {_said(reason)} for {_said(name)}; it must say in words why a metric is missing"
            )
    facts(measured.facts, who)
    for name, value in measured.measures.items():
        if not math.isfinite(value):
            raise ContractError(
                f"{who} measured {value} for {name!r}; where there is no number, it must say why in `missing`"
            )
    known = {*measured.measures, *measured.missing}
    if undeclared := sorted(known - {*declared}):
        there = f"those that it declares are: {', '.join(sorted(declared))}" if declared else "it declares no metrics"
        raise ContractError(f"{who} measured {undeclared[0]!r}, which is none of its metrics; {there}")
    if both := sorted({*measured.measures} & {*measured.missing}):
        raise ContractError(f"{who} gave a measure of {both[0]!r}, and a reason in `missing` why there is none")
    if untold := sorted({*declared} - known):
        raise ContractError(
            f"{who} declares the metric {untold[0]!r}, and gave neither a measure of it nor a reason in `missing`"
        )
    blocks(measured.blocks, who)


def blocks(answers: object, who: str) -> list[Block]:
    """What a component has to show to reviewers.

    Raises:
        ContractError: it is no series of blocks, or one of them is not what its kind promises; which, is said.
    """
    if not isinstance(answers, Iterable) or isinstance(answers, str):
        raise ContractError(f"{who} gave {_said(answers)} where it must give a series of blocks (`seatrial.blocks`)")
    given: list[Block] = []
    for number, block in enumerate(answers, start=1):
        try:
            given.append(checked(block))
        except StoreError as error:
            raise ContractError(f"{who} gave blocks of which number {number} cannot be shown: {error}") from None
    return given


def files(answers: object, folder: Path, who: str) -> list[Path]:
    """The files that a report wrote into a folder.

    Raises:
        ContractError: they are no series of paths, or one of them is not there.
    """
    paths = list(each(answers, Path, who))
    for path in paths:
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise ContractError(f"{who} named the file {path.name}, which it did not write into the report's folder")
    return paths


def facts(answer: object, who: str) -> None:
    """Refuse facts that a run folder cannot hold.

    Raises:
        ContractError: they are no JSON values by name.
    """
    try:
        json.dumps(_mapping(answer, f"{who}, as its facts,"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ContractError(f"{who} told facts that JSON cannot hold: {error}") from error


def _mapping(answer: object, who: str) -> Mapping[Any, Any]:
    return one(answer, Mapping, who)  # type: ignore[type-abstract]  # instances are asked for, and none is made


def _mistyped(record: object, fields: _Fields) -> str:
    for name, kinds, complaint in fields:
        value: Any = getattr(record, name)
        if not isinstance(value, kinds) or (value.__class__ is bool and bool not in kinds):
            return f"its `{name}` is {_said(value)}, {complaint}"
    return ""


def _misplaced(spans: Iterable[Any]) -> str:
    for span in spans:
        if not isinstance(span, Span):
            return f"its `spans` hold {_said(span)}, not a Span"
        if problem := _mistyped(span, _SPAN):
            return f"of a span, {problem}"
        if span.replacement is not None and not span.replacement.isascii() and _halved(span.replacement):
            return "the `replacement` of a span holds half a character (a lone surrogate), which no file can store"
    return ""


def _unanswerable(responses: Iterable[Any]) -> str:
    for place, response in enumerate(responses, 1):
        if not isinstance(response, Response):
            return f"its `responses` hold {_said(response)}, not a Response"
        if problem := _mistyped(response, _RESPONSE):
            return f"of response {place}, {problem}"
        if not response.text.isascii() and _halved(response.text):
            return f"the `text` of response {place} holds half a character (a lone surrogate), which no file can store"
    return ""


def _unstorable(record: object, texts: Iterable[str], detail: Mapping[Any, Any]) -> str:
    """What a table or JSON cannot hold of a record."""
    for name in texts:
        text = getattr(record, name)
        if text is not None and not text.isascii() and _halved(text):
            return f"its `{name}` holds half a character (a lone surrogate), which no file can store"
    if not detail:
        return ""
    try:
        json.dumps(dict(detail), ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return "its `detail` holds half a character (a lone surrogate), which no file can store"
    except (TypeError, ValueError, RecursionError) as error:
        return f"its `detail` is no JSON: {error}"
    return ""


def _halved(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _not_numbers(values: Mapping[Any, Any], name: str, *, missing: bool) -> str:
    for key, value in values.items():
        if not isinstance(key, str):
            return f"its `{name}` have {_said(key)} for a name"
        if not isinstance(value, (float, Real, NoneType) if missing else (float, Real)) or value.__class__ is bool:
            return f"its `{name}` say {_said(value)} for {key!r}, not a number"
        try:
            float(0 if value is None else value)
        except OverflowError:
            return f"its `{name}` say for {key!r} a number that is too large to hold"
    return ""


def _said(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
