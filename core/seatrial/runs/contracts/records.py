"""Records that tables hold: findings, samples and transcripts, field by field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from numbers import Integral, Real
from types import NoneType
from typing import Any

from seatrial.data.findings import Finding, Span
from seatrial.data.policy import named_row
from seatrial.errors import ContractError
from seatrial.evaluation.scores import Sample
from seatrial.evaluation.transcript import Response, Transcript
from seatrial.runs.contracts.series import each, not_numbers, said

__all__ = ["findings", "samples", "transcripts"]

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
            or not_numbers(sample.values, "values", missing=True)
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


def _mistyped(record: object, fields: _Fields) -> str:
    for name, kinds, complaint in fields:
        value: Any = getattr(record, name)
        if not isinstance(value, kinds) or (value.__class__ is bool and bool not in kinds):
            return f"its `{name}` is {said(value)}, {complaint}"
    return ""


def _misplaced(spans: Iterable[Any]) -> str:
    for span in spans:
        if not isinstance(span, Span):
            return f"its `spans` hold {said(span)}, not a Span"
        if problem := _mistyped(span, _SPAN):
            return f"of a span, {problem}"
        if span.replacement is not None and not span.replacement.isascii() and _halved(span.replacement):
            return "the `replacement` of a span holds half a character (a lone surrogate), which no file can store"
    return ""


def _unanswerable(responses: Iterable[Any]) -> str:
    for place, response in enumerate(responses, 1):
        if not isinstance(response, Response):
            return f"its `responses` hold {said(response)}, not a Response"
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
