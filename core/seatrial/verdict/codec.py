"""Scores, decisions and verdicts as strict JSON, and back.

JSON has no NaN and no infinity, so a number that is neither becomes null, and the record says so where it can.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any, TypeVar

from seatrial.evaluation.scores import Interval, Metric, Score
from seatrial.stored import read_record
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
    return read_record(kind, record)
