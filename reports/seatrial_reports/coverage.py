"""Coverage: what filters that look for gaps between train and test told, dimension by dimension."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seatrial.runs.result import Result
from seatrial_reports.dimensions import DRAWN, Dimension, title_of, told_dimension
from seatrial_reports.facts import entries, mapping, number, sequence, text, whole
from seatrial_reports.nearness import Kind, Nearness, build_kind, build_nearness
from seatrial_reports.numbers import out_of, share

__all__ = ["Coverage", "build_coverage", "coverage_filters", "drawn_metrics", "leak_filters"]

_DIVERSITY = {
    "vendi": "effective number of unlike rows (Vendi score)",
    "similarity": "mean cosine of two rows",
    "distinct": "share of different word pairs (distinct-2)",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a coverage filter told."""

    filter: str
    dimensions: tuple[Dimension, ...]
    diversity: tuple[tuple[str, tuple[str, ...]], ...]
    """(what, (train, test))."""
    near: Nearness
    unmatched: str
    """`177 of 3,080 (5.7%)` test rows stand among test rows alone; "" where nobody looked."""
    unmatched_why: str
    unmatched_lacks: str
    """Why kinds of test rows that train lacks could not be found; "" where they could."""
    lacking: tuple[Kind, ...]
    absent: str
    """What it did not look for, and why."""
    empty: tuple[str, ...]
    """Dimensions that no row has a value of."""


def coverage_filters(result: Result) -> list[Mapping[str, object]]:
    """The facts of the filters that looked for gaps between train and test."""
    return [one for one in entries(result.facts("decontaminate"), "filters") if _covers(one)]


def leak_filters(result: Result) -> list[Mapping[str, object]]:
    """The facts of the filters that looked for leaks."""
    return [one for one in entries(result.facts("decontaminate"), "filters") if not _covers(one)]


def _covers(facts: Mapping[str, object]) -> bool:
    return "dimensions" in mapping(facts, "facts")


def drawn_metrics(result: Result) -> frozenset[str]:
    """The metrics of coverage filters that no gate holds: what they tell is drawn, and needs no table of numbers."""
    filters = {text(one, "filter") for one in coverage_filters(result)}
    gated = {decision.metric for decision in result.verdict.decisions} if result.verdict else set()
    metrics = {score.metric for score in result.scores}
    return frozenset(metric for metric in metrics - gated if metric.partition("/")[0] in filters)


def build_coverage(result: Result) -> tuple[Coverage, ...]:
    """One for each filter that counted dimensions; mostly one or none."""
    return tuple(_coverage(one) for one in coverage_filters(result))


def _coverage(filter_facts: Mapping[str, object]) -> Coverage:
    facts = mapping(filter_facts, "facts")
    near, diversity, unmatched = (mapping(facts, name) for name in ("neighbours", "diversity", "unmatched"))
    return Coverage(
        filter=text(filter_facts, "filter"),
        dimensions=tuple(told_dimension(one) for one in entries(facts, "dimensions")),
        diversity=tuple(_diverse(diversity)),
        near=build_nearness(near),
        unmatched=_unmatched(unmatched),
        unmatched_why=_why(unmatched),
        unmatched_lacks=text(unmatched, "lacks"),
        lacking=tuple(build_kind(one) for one in entries(unmatched, "groups")),
        absent=text(filter_facts, "unseen"),
        empty=tuple(title_of(str(name)) for name in sequence(facts, "empty")),
    )


def _unmatched(facts: Mapping[str, object]) -> str:
    compared, found = whole(facts, "compared"), whole(facts, "rows")
    return out_of(found, compared, whole(facts, "of")) if compared and found is not None else ""


def _why(facts: Mapping[str, object]) -> str:
    most, neighbours = whole(facts, "most"), whole(facts, "neighbours")
    if most is None or neighbours is None:
        return ""
    return f"at most {most} of the {neighbours} nearest rows stand in train"


def _diverse(facts: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    splits = [mapping(facts, split) for split in DRAWN]
    for name, what in _DIVERSITY.items():
        values = [number(split, name) for split in splits]
        if any(value is not None for value in values):
            yield what, tuple(_written(name, value) for value in values)


def _written(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if name == "vendi" else share(value)
