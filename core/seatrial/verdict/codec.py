"""Scores, decisions and verdicts as strict JSON, and back.

JSON has no NaN and no infinity, so a number that is neither becomes null, and the record says so where it can.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from seatrial.errors import StoreError
from seatrial.evaluation.scores import Interval, Metric, Score
from seatrial.verdict import Decision, Verdict
from seatrial.verdict.settlement import NOT_A_NUMBER, without_nan

__all__ = ["from_json", "to_json"]

Saved = TypeVar("Saved", Score, Interval, Metric, Decision, Verdict)


def to_json(value: Score | Interval | Metric | Decision | Verdict) -> dict[str, Any]:
    """The record as JSON values, keys in the order of its fields.

    A score whose value is NaN or infinite is saved as missing; an interval with such an end as no interval; a decision
    whose value or bound is such a number with null and a note in its reason, and never as a pass.

    Raises:
        ValueError: a metric's or a bare interval's number is NaN or infinite: there is nothing to save instead.
    """
    if isinstance(value, Verdict):
        record = asdict(replace(value, decisions=()))
        record["decisions"] = [to_json(decision) for decision in value.decisions]
        record["warnings"] = list(value.warnings)
        return record
    if isinstance(value, Score):
        value = _without_nan(value)
    if isinstance(value, Decision):
        value = without_nan(value)
    record = {key: list(item) if isinstance(item, tuple) else item for key, item in asdict(value).items()}
    for key, item in record.items():
        parts = item if isinstance(item, list) else [item]
        if any(isinstance(part, float) and not math.isfinite(part) for part in parts):
            raise ValueError(f"{type(value).__name__}.{key} is {item}, which JSON can't hold")
    return record


def _without_nan(score: Score) -> Score:
    if score.value is not None and not math.isfinite(score.value):
        return replace(score, value=None, interval=None, missing=score.missing or NOT_A_NUMBER)
    if score.interval is not None and not math.isfinite(score.interval.low + score.interval.high):
        return replace(score, interval=None, missing=score.missing or f"no interval: {NOT_A_NUMBER}")
    return score


def from_json(kind: type[Saved], record: object) -> Saved:
    """The record that `to_json` wrote, checked field by field.

    Raises:
        StoreError: a field is absent, unknown, or not of its type; the message names it.
    """
    return cast("Saved", _dataclass(kind, record, kind.__name__))


def _dataclass(kind: type[Any], record: object, path: str) -> Any:
    if not isinstance(record, Mapping):
        raise StoreError(f"{path}: expected an object, found {type(record).__name__}; the file was changed or cut off")
    hints = get_type_hints(kind)
    unknown = sorted(set(record) - {field.name for field in fields(kind)})
    if unknown:
        raise StoreError(f"{path}: unknown field {unknown[0]!r}; it was written by another version of seatrial")
    values = {}
    for field in fields(kind):
        if field.name in record:
            values[field.name] = _value(hints[field.name], record[field.name], f"{path}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise StoreError(f"{path}: field {field.name!r} is absent; the file was changed or cut off")
    return kind(**values)


def _value(kind: Any, item: object, path: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        if item is None and type(None) in arguments:
            return None
        return _value(next(argument for argument in arguments if argument is not type(None)), item, path)
    if origin is Literal:
        if item in arguments:
            return item
    elif origin is tuple and isinstance(item, list | tuple):
        if arguments[-1] is Ellipsis:
            return tuple(_value(arguments[0], part, f"{path}[{place}]") for place, part in enumerate(item))
        if len(item) == len(arguments):
            return tuple(_value(argument, part, path) for argument, part in zip(arguments, item, strict=True))
    elif is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, item, path)
    elif kind is float and isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item):
        return float(item)
    elif isinstance(kind, type) and kind is not float and type(item) is kind:
        return item
    raise StoreError(
        f"{path}: {item!r:.80} is not a {getattr(kind, '__name__', kind)}; the file was changed or cut off"
    )
