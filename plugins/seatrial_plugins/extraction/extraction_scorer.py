"""Extraction: JSON that the model wrote, held against its schema and against the expected fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from statistics import fmean
from typing import Any

from seatrial import Block, Example, Examples, Row, Sample, Scored, Task, Transcript, UsageError
from seatrial.errors import did_you_mean
from seatrial.evaluation.attempts import attempt_values
from seatrial.rows import Check
from seatrial_plugins.extraction.fields import NOTHING, agreement, json_in, json_of

__all__ = ["KIND", "ExtractionScorer"]

KIND = "json_schema"
"""Of a row's check that brings a schema of its own."""

_EXCERPT = 400
_SHOWN = 200
_UNREAD = ("no JSON", "nested too deeply to follow")
_DEEPEST = 100
_SAYING_NOTHING = (
    *(
        "$schema",
        "$id",
        "id",
        "$anchor",
        "$dynamicAnchor",
        "$comment",
        "$vocabulary",
        "$defs",
        "definitions",
        "title",
        "description",
    ),
    *(
        "default",
        "examples",
        "example",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
    ),
    *("then", "else", "minContains", "maxContains"),
)
"""Keywords that a validator has nothing of its own for."""


class ExtractionScorer:
    """Reads the JSON in each answer; whether it is valid, and which of its fields are right.

    Raises:
        UsageError: the schema is none.
    """

    def __init__(
        self, schema: Mapping[str, Any] | None, answers: int, k: Sequence[int], *, ignore_case: bool = False
    ) -> None:
        self._answers, self._k, self._ignore_case = answers, tuple(k), ignore_case
        self._schema = None if schema is None else json.dumps(schema, sort_keys=True)
        if self._schema is not None and isinstance(validator := _validator(self._schema), str):
            raise UsageError(f"extraction: `schema` is no JSON Schema: {validator}")

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order; a pure function of what the model wrote and of what the rows expect."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield self._sample(row, transcript)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows cannot be judged, whatever is answered (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if reason := self._unjudged(row):
                yield row.id, reason

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Answers of the system on trial with wrong fields, the worst first."""
        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        wrong = [one for one in rows if one["value:field_f1"] is not None and one["value:field_f1"] < 1]
        wrong.sort(key=lambda one: (one["value:field_f1"], one["row"]))
        shown = [_example(one) for one in wrong[:_SHOWN]]
        if shown:
            yield Examples("Extracted with wrong fields, the worst first", shown, of=len(wrong))

    def _unjudged(self, row: Row) -> str:
        expected = row.expected
        if row.target is None:
            return "the row has no expected answer"
        if json_of(row.target) is NOTHING:
            return "the expected answer is no JSON (words around it, a part of it, or a key twice are not taken for it)"
        if isinstance(expected, Check) and expected.kind != KIND:
            return f"its check is of the kind {expected.kind!r}, not {KIND}"
        schema = expected.code if isinstance(expected, Check) else self._schema
        said = _validator(schema) if schema is not None else ""
        if said and isinstance(said, str):
            return f"its schema is none: {said}"
        return _unfollowed(schema, json_of(row.target))

    def _sample(self, row: Row, transcript: Transcript) -> Sample:
        text = row.input_text
        detail: dict[str, object] = {"input": text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"}
        about: Mapping[str, Any] = {"target": row.target, "prompt_hash": transcript.prompt_hash, "slice": row.slice}
        problem = transcript.error or self._unjudged(row)
        if not problem and len(transcript.responses) != self._answers:
            problem = f"the transcript has {len(transcript.responses)} answers, where {self._answers} are judged"
        if problem:
            return Sample(row.id, {}, detail=detail, error=problem, **about)
        expected = json_of(row.target or "")
        schema = row.expected.code if isinstance(row.expected, Check) else self._schema
        read = [json_in(said.answer) for said in transcript.responses]
        from referencing.exceptions import Unresolvable

        try:
            invalid = [_invalid(one, schema) for one in read]
        except Unresolvable as error:
            return Sample(
                row.id, {}, detail=detail, error=f"its schema refers to what it does not hold: {error}", **about
            )
        found = [
            (0.0, 0.0, 0.0) if why in _UNREAD else agreement(one, expected, ignore_case=self._ignore_case)
            for one, why in zip(read, invalid, strict=True)
        ]
        detail |= {"invalid": invalid, "tokens": [said.tokens for said in transcript.responses]}
        precision, recall, f1 = (fmean(column) for column in zip(*found, strict=True))
        right = [not why and one[2] == 1.0 for why, one in zip(invalid, found, strict=True)]
        values: dict[str, float | None] = {
            **attempt_values(right, self._k),
            "valid": fmean(not why for why in invalid),
            "field_precision": precision,
            "field_recall": recall,
            "field_f1": f1,
        }
        worst = min(range(len(found)), key=lambda place: found[place][2])
        return Sample(row.id, values, prediction=transcript.responses[worst].text, detail=detail, **about)


@cache
def _validator(schema: str) -> Any:
    """What validates by a schema, or why it is none. References to other documents are not followed."""
    from jsonschema import exceptions, validators
    from referencing import Registry

    try:
        said = json.loads(schema)
        made = validators.validator_for(said, default=validators.Draft202012Validator)
        made.check_schema(said)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return str(error)
    except exceptions.SchemaError as error:
        return f"{'/'.join(map(str, error.absolute_path)) or 'at its top'}: {error.message}"[:300]
    if misspelt := _misspelt(said, sorted({*made.VALIDATORS, *_SAYING_NOTHING})):
        return misspelt
    return made(said, registry=Registry(), format_checker=made.FORMAT_CHECKER)


def _misspelt(schema: Any, known: Sequence[str], depth: int = 0) -> str:
    """A keyword that the draft does not know and that is nearly one; any other is read as a remark, as the drafts have it."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return ""
    for key, inner in schema.items():
        if key not in known and not str(key).startswith(("x-", "$")) and (hint := did_you_mean(str(key), known)):
            return f"there is no keyword {key!r}{hint}"
        named = key in {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
        inside = (
            inner.values() if named and isinstance(inner, Mapping) else inner if isinstance(inner, list) else [inner]
        )
        for one in inside if key not in {"enum", "const", "default", "examples", "example"} else ():
            if said := _misspelt(one, known, depth + 1):
                return said
    return ""


def _invalid(value: Any, schema: str | None) -> str:
    """Why an answer is not valid; "" where it is."""
    if value is NOTHING:
        return _UNREAD[0]
    from jsonschema.exceptions import best_match

    try:
        _depth(value)
        found = None if schema is None else best_match(_validator(schema).iter_errors(value))
    except RecursionError:
        return _UNREAD[1]
    return "" if found is None else f"{'/'.join(map(str, found.absolute_path)) or 'at its top'}: {found.message}"[:300]


def _depth(value: Any, depth: int = 0) -> None:
    """Raise a RecursionError where a value is nested deeper than any that a schema describes."""
    if depth > _DEEPEST:
        raise RecursionError
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _depth(one, depth + 1)


def _unfollowed(schema: str | None, expected: Any) -> str:
    """Why a schema, or the expected answer, cannot be followed to its end; "" where both can."""
    from referencing.exceptions import Unresolvable

    try:
        return f"its schema or its expected answer is {_UNREAD[1]}" if _invalid(expected, schema) == _UNREAD[1] else ""
    except Unresolvable as error:
        return f"its schema refers to what it does not hold: {error}"


def _example(row: Mapping[str, Any]) -> Example:
    detail = json.loads(row["detail"])
    fields = [("asked", detail["input"]), ("answered", row["prediction"] or ""), ("expected", row["target"] or "")]
    if why := next((one for one in detail["invalid"] if one), ""):
        fields.append(("invalid", why))
    return Example(row["row"], tuple(fields))
