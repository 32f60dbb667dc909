"""The trail of the data: rows read, dropped by whom and why, split how; and what leaked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.reporting import Result
from seatrial.scores import Score
from seatrial_reports.cover import Cover, build_cover
from seatrial_reports.facts import entries, mapping, text, whole
from seatrial_reports.numbers import count, interval, value

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = [
    "DataTrail",
    "Example",
    "FilterBlock",
    "FlowStep",
    "LeakGroup",
    "NaiveSplit",
    "RuleLine",
    "build_data_trail",
]

EXAMPLES = 3
"""Examples shown of each rule."""
_LOOKED_AT = 1_000
"""Entries of a rule among which examples are looked for."""
LISTED = 200
"""Leaked pairs and conflicting labels are listed in full up to here."""

_STAGES = ("read", "clean", "compare", "leakage")
_NAMES = {
    "read": "Reading",
    "clean": "Row filters",
    "compare": "Duplicates and balance",
    "split": "Split",
    "leakage": "Leakage",
}


@dataclass(frozen=True, slots=True)
class FlowStep:
    """What came into a stage, what it dropped and what went on."""

    stage: str
    name: str
    rows_in: int
    dropped: int
    rows_out: int
    kept_share: float
    """Of all that was read, in percent."""
    adds_up: bool


@dataclass(frozen=True, slots=True)
class Example:
    """One finding with its evidence."""

    row: str
    place: str
    """`file:line`."""
    excerpt: str
    detail: str
    matched_row: str
    matched_text: str
    score: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule and one action of a filter."""

    rule: str
    version: str
    action: str
    findings: int
    rows: int
    dropped: int
    """Rows that this rule took out: the first drop of a row counts."""
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class FilterBlock:
    """One filter of the suite."""

    stage: str
    filter: str
    plugin: str
    findings: int
    dropped: int
    rules: tuple[RuleLine, ...]


@dataclass(frozen=True, slots=True)
class LeakGroup:
    """What train was held against: the held-out rows, or a benchmark."""

    filter: str
    name: str
    items: int
    contaminated: tuple[tuple[str, int], ...]
    """(rule, items that it found in train)."""


@dataclass(frozen=True, slots=True)
class NaiveSplit:
    """What a split that ignores duplicates would have reported: an estimate."""

    lines: tuple[tuple[str, str, str, str], ...]
    """(what, value, interval, n)."""


@dataclass(frozen=True, slots=True)
class DataTrail:
    """Everything that the reports say about data."""

    read: int | None
    kept: int | None
    dropped: int
    flow: tuple[FlowStep, ...]
    filters: tuple[FilterBlock, ...]
    files: tuple[tuple[str, str], ...]
    cover: Cover
    conflicts: tuple[Example, ...]
    conflicts_total: int
    leaks: tuple[Example, ...]
    leaks_total: int
    leak_filters: tuple[str, ...]
    """Filters that looked for leakage; empty where none did."""
    leak_groups: tuple[LeakGroup, ...]
    naive: NaiveSplit | None


def build_data_trail(result: Result) -> DataTrail:
    """Read the stages' facts and the ledger."""
    flow = _flow(result)
    filters = _filters(result)
    conflicts = _chosen(result.ledger, lambda _, rule: "conflict" in rule)
    leaks = _chosen(result.ledger, lambda stage, _: stage == "leakage")
    return DataTrail(
        read=flow[0].rows_in if flow else None,
        kept=flow[-1].rows_out if flow else None,
        dropped=sum(step.dropped for step in flow),
        flow=flow,
        filters=filters,
        files=tuple(
            (text(file, "file"), count(whole(file, "records") or 0)) for file in entries(result.facts("read"), "files")
        ),
        cover=build_cover(result),
        conflicts=tuple(_examples(result.ledger, conflicts[:LISTED])),
        conflicts_total=len(conflicts),
        leaks=tuple(_examples(result.ledger, leaks[:LISTED])),
        leaks_total=len(leaks),
        leak_filters=tuple(text(one, "filter") for one in entries(result.facts("leakage"), "filters")),
        leak_groups=tuple(_leak_groups(result)),
        naive=_naive(result.scores),
    )


# ---- flow -----------------------------------------------------------------------------------------------------------


def _flow(result: Result) -> tuple[FlowStep, ...]:
    steps: list[FlowStep] = []
    for stage in _STAGES:
        facts = result.facts(stage)
        keys = ("read", "problems", "rows") if stage == "read" else ("rows_in", "dropped", "rows_out")
        counts = [whole(facts, key) for key in keys]
        if None in counts:
            continue
        rows_in, dropped, rows_out = (n or 0 for n in counts)
        all_read = steps[0].rows_in if steps else rows_in
        steps.append(
            FlowStep(
                stage=stage,
                name=_NAMES[stage],
                rows_in=rows_in,
                dropped=dropped,
                rows_out=rows_out,
                kept_share=round(100 * rows_out / all_read, 2) if all_read else 0.0,
                adds_up=rows_in == dropped + rows_out,
            )
        )
    return tuple(steps)


# ---- filters and the ledger -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tally:
    findings: int
    dropped: int
    rows: int
    shown: tuple[int, ...]
    """Where its examples stand in the ledger."""


def _filters(result: Result) -> tuple[FilterBlock, ...]:
    """Every filter that ran, also those that found nothing, in the order in which they ran."""
    tallies = _tally(result.ledger)
    ran: dict[tuple[str, str], tuple[str, int, int]] = {}
    for stage in _STAGES:
        for one in entries(result.facts(stage), "filters"):
            key = (stage, text(one, "filter"))
            ran[key] = (text(one, "plugin"), whole(one, "findings") or 0, whole(one, "dropped") or 0)
    for stage, name, plugin, *_ in tallies:
        if (stage, name) not in ran:
            mine = [t for (s, f, *_), t in tallies.items() if (s, f) == (stage, name)]
            ran[stage, name] = (plugin, sum(t.findings for t in mine), sum(t.dropped for t in mine))
    order = {stage: place for place, stage in enumerate(_STAGES)}
    return tuple(
        FilterBlock(
            stage=stage,
            filter=name,
            plugin=plugin,
            findings=findings,
            dropped=dropped,
            rules=tuple(
                RuleLine(rule, version, action, t.findings, t.rows, t.dropped, tuple(_examples(result.ledger, t.shown)))
                for (s, f, _, rule, version, action), t in tallies.items()
                if (s, f) == (stage, name)
            ),
        )
        for (stage, name), (plugin, findings, dropped) in sorted(ran.items(), key=lambda item: order.get(item[0][0], 9))
    )


def _tally(ledger: pa.Table) -> dict[tuple[str, ...], _Tally]:
    """Counts by stage, filter, plugin, rule, version and action, in the order in which these first appear."""
    import numpy as np

    keys, group = _groups(ledger, ("stage", "filter", "plugin", "rule", "rule_version", "action"))
    findings = np.bincount(group, minlength=len(keys))
    dropped = np.bincount(group[_truths(ledger["decisive"])], minlength=len(keys))
    _, row = _groups(ledger, ("row",))
    pairs = np.unique(np.stack([group, row]), axis=1)
    rows = np.bincount(pairs[0], minlength=len(keys))
    return {
        key: _Tally(int(findings[n]), int(dropped[n]), int(rows[n]), _shown(ledger, np.flatnonzero(group == n)))
        for n, key in enumerate(keys)
    }


def _groups(ledger: pa.Table, names: Sequence[str]) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """The different values of some columns together, in the order in which they appear, and which of them each entry has."""
    import numpy as np

    coded = [ledger[name].combine_chunks().dictionary_encode() for name in names]
    codes = np.stack([one.indices.fill_null(-1).to_numpy(zero_copy_only=False) for one in coded])
    values, first, group = np.unique(codes, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    words = [[*one.dictionary.to_pylist(), ""] for one in coded]
    keys = [tuple(word[code] or "" for word, code in zip(words, column, strict=True)) for column in values.T[order]]
    return keys, place[group.ravel()]


def _truths(column: pa.ChunkedArray) -> np.ndarray:
    truths: np.ndarray = column.combine_chunks().fill_null(False).to_numpy(zero_copy_only=False)
    return truths


def _shown(ledger: pa.Table, places: np.ndarray) -> tuple[int, ...]:
    """The first places with different excerpts, looked for among the first thousand."""
    import pyarrow as pa

    seen: dict[str, int] = {}
    near = places[:_LOOKED_AT]
    for place, excerpt in zip(near.tolist(), ledger["excerpt"].take(pa.array(near)).to_pylist(), strict=True):
        seen.setdefault(excerpt or "", place)
        if len(seen) == EXAMPLES:
            break
    return tuple(seen.values())


def _chosen(ledger: pa.Table, wanted: Callable[[str, str], bool]) -> list[int]:
    """Where the entries stand whose stage and rule are wanted."""
    import numpy as np

    keys, group = _groups(ledger, ("stage", "rule"))
    chosen = np.array([wanted(stage, rule) for stage, rule in keys], dtype=bool)
    places: list[int] = np.flatnonzero(chosen[group]).tolist() if keys else []
    return places


def _examples(ledger: pa.Table, indices: Sequence[int]) -> list[Example]:
    import pyarrow as pa

    return [
        Example(
            row=record["row"] or "",
            place=f"{record['file']}:{record['line']}" if record["file"] else "",
            excerpt=record["excerpt"] or "",
            detail=record["detail"] or "",
            matched_row=record["matched_row"] or "",
            matched_text=record["matched_text"] or "",
            score=f"{record['score']:.3g}" if record["score"] is not None and math.isfinite(record["score"]) else "",
        )
        for record in ledger.take(pa.array(indices, pa.int64())).to_pylist()
    ]


def _leak_groups(result: Result) -> Iterator[LeakGroup]:
    """What each leakage filter counted."""
    for one in entries(result.facts("leakage"), "filters"):
        groups = mapping(mapping(one, "facts"), "groups")
        for name in groups:
            group = mapping(groups, name)
            counts = mapping(group, "contaminated")
            found = tuple((rule, whole(counts, rule) or 0) for rule in counts)
            yield LeakGroup(text(one, "filter"), name, whole(group, "items") or 0, found)


# ---- the naive split ------------------------------------------------------------------------------------------------

_NAIVE = {
    "accuracy": "Accuracy on the whole naive test set",
    "accuracy_leaked": "… on its rows that also stand in train",
    "accuracy_clean": "… on its rows that do not",
}


def _naive(scores: Sequence[Score]) -> NaiveSplit | None:
    lines = [
        (
            _NAIVE.get(name := score.metric.partition("/")[2], name),
            value(score) if score.value is not None else f"missing: {score.missing or 'not produced'}",
            interval(score),
            f"{score.n:,}",
        )
        for score in scores
        if score.metric.startswith("naive_split/")
    ]
    return NaiveSplit(tuple(lines)) if lines else None
