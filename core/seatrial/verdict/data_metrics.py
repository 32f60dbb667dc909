"""Metrics of data and training, so that gates can hold them: counts, not samples. Those of every run, and filters'."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from seatrial.evaluation.scores import Metric

__all__ = ["DATA_METRICS", "OF_DATA", "data_gaps", "data_values", "filter_gaps", "filter_values"]


@dataclass(frozen=True, slots=True)
class _Fact:
    """Where a metric's value stands: a stage's fact, or how many there are where that is a list."""

    stage: str
    path: tuple[str, ...]
    better: Literal["higher", "lower"]
    summary: str
    unit: str = "rows"


_FACTS: Mapping[str, _Fact] = {
    "data/read": _Fact("read", ("read",), "higher", "Records found in the suite's sources."),
    "data/unreadable": _Fact("read", ("problems",), "lower", "Records that could not become a row."),
    "data/broken_files": _Fact(
        "read",
        ("broken_files",),
        "lower",
        "Files that break off or cannot be read: how many of their records are lost is not known.",
        "files",
    ),
    "data/dropped_by_cleaning": _Fact("clean", ("dropped",), "lower", "Rows that the row filters took out."),
    "data/dropped_by_comparing": _Fact(
        "deduplicate", ("dropped",), "lower", "Rows that duplicates and label counts took out."
    ),
    "data/dropped_for_leakage": _Fact(
        "decontaminate",
        ("dropped",),
        "lower",
        "Rows taken out because they stand on both sides: in train (or validation) and in what is held out.",
    ),
    "data/train_rows": _Fact("decontaminate", ("splits", "train"), "higher", "Rows that the model is trained on."),
    "data/validation_rows": _Fact(
        "decontaminate", ("splits", "validation"), "higher", "Rows that early stopping looks at."
    ),
    "data/test_rows": _Fact(
        "decontaminate",
        ("scored_rows",),
        "higher",
        "Rows that scores are computed on: of `test` and of all `data.tests`.",
    ),
    "data/labels_not_in_train": _Fact(
        "decontaminate",
        ("composition", "labels_not_in_train"),
        "lower",
        "Labels of `test` and `data.tests` that train has no row of.",
        "labels",
    ),
    "data/labels_not_in_test": _Fact(
        "decontaminate",
        ("composition", "labels_not_in_test"),
        "lower",
        "Labels of train that neither `test` nor `data.tests` has a row of.",
        "labels",
    ),
    "data/slices_not_in_train": _Fact(
        "decontaminate",
        ("composition", "slices_not_in_train"),
        "lower",
        "Slices of `test` and `data.tests` that train has no row of.",
        "slices",
    ),
    "data/slices_not_in_test": _Fact(
        "decontaminate",
        ("composition", "slices_not_in_test"),
        "lower",
        "Slices of train that neither `test` nor `data.tests` has a row of.",
        "slices",
    ),
    "train/truncated_rows": _Fact("train", ("truncated_rows",), "lower", "Train rows cut at the token limit."),
    "train/lost_tokens": _Fact("train", ("lost_tokens",), "lower", "Tokens cut off at the limit.", "tokens"),
    "train/supervised_tokens": _Fact(
        "train", ("supervised_tokens",), "higher", "Tokens that the loss is on.", "tokens"
    ),
    "train/validation_rise": _Fact(
        "train",
        ("validation_rise",),
        "lower",
        "By how much the validation loss of the weights that were kept has risen since its lowest while the training loss "
        "fell, in nats per token: the lower bound at 99%; 0 where training does not overfit.",
        "nats",
    ),
    "train/seconds": _Fact("train", ("seconds",), "lower", "Wall time of training.", "s"),
}

DATA_METRICS: dict[str, Metric] = {
    name: Metric(name.partition("/")[2], "", "exact", fact.better, fact.summary, fact.unit, limits=(0, math.inf))
    for name, fact in _FACTS.items()
}
"""Full name → descriptor."""

OF_DATA = frozenset(name for name, fact in _FACTS.items() if fact.stage != "train")
"""Those that a run of the data stages alone has, too."""


def data_values(facts: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
    """The values of those metrics that a run's facts (stage → facts) hold."""
    values: dict[str, float] = {}
    unknown = data_gaps(facts)
    for name, fact in _FACTS.items():
        if name in unknown:
            continue
        found: object = facts.get(fact.stage, {})
        for key in fact.path:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, list):
            found = len(found)
        if isinstance(found, int | float):
            values[name] = float(found)
    return values


def data_gaps(facts: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Why a count is not known of all rows, or of none because there were none, by the same names."""
    reasons: dict[str, str] = {}
    for name, fact in _FACTS.items():
        *path, last = fact.path
        holder: object = facts.get(fact.stage, {})
        for key in (*path, "unknown"):
            holder = holder.get(key) if isinstance(holder, Mapping) else None
        if isinstance(holder, Mapping) and last in holder:
            reasons[name] = str(holder[last])
    return reasons


def filter_values(facts: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
    """What the run's filters measured, by `filter's alias/metric`, from a run's facts (stage → facts)."""
    return {name: float(value) for name, value in _of_filters(facts, "measures")}


def filter_gaps(facts: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Why the run's filters did not measure something, by the same names."""
    return {name: str(reason) for name, reason in _of_filters(facts, "missing")}


def _of_filters(facts: Mapping[str, Mapping[str, object]], key: str) -> Iterator[tuple[str, Any]]:
    for stage in facts.values():
        filters = stage.get("filters")
        for one in filters if isinstance(filters, list) else ():
            yield from ((f"{one['filter']}/{name}", value) for name, value in one.get(key, {}).items())
