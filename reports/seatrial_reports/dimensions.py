"""Dimensions: what the scorers measured, ordered by what each says that it speaks of, never by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.blocks import Block
from seatrial.evaluation.scores import DIMENSIONS
from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Described, Result
from seatrial.terminal.figures import out_of
from seatrial_reports.asked import asked, in_words
from seatrial_reports.comparison import MetricBlock
from seatrial_reports.facts import whole

__all__ = ["UNKNOWN", "Measured", "Scored", "build_dimensions", "scorer_of", "scorers_of"]

UNKNOWN = "other"
"""Stands for the dimension of a scorer that does not say it."""

_QUESTIONS = {
    "accuracy": "How good is it?",
    "robustness": "How robust is it?",
    "safety": "How safe is it?",
    "efficiency": "How fast is it?",
    "delivery": "Is what is handed on what was scored?",
    "data": "What do the data do to its scores?",
    UNKNOWN: "What else was measured?",
}

_ERRORS = 12
"""Samples that could not be scored which are told one by one."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What one scorer measured."""

    alias: str
    summary: str
    looks_for: str
    options: str
    """Those that the suite gave it."""
    tried: str
    """`150 of 360 (41.7%)`: the rows that it was asked of, where that is not all of them."""
    compared: tuple[MetricBlock, ...]
    """Metrics of several systems."""
    alone: tuple[MetricBlock, ...]
    """Metrics of one system only."""
    failed: int
    errors: tuple[tuple[str, str, str], ...]
    """(system, row, why it could not be scored), the first of those that failed."""
    samples: int
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one dimension."""

    name: str
    question: str
    scorers: tuple[Scored, ...]

    @property
    def compared(self) -> bool:
        """Whether several systems were scored."""
        return any(one.compared for one in self.scorers)

    def metrics(self) -> tuple[MetricBlock, ...]:
        """All of them."""
        return tuple(block for one in self.scorers for block in (*one.compared, *one.alone))


def scorer_of(metric: str) -> str:
    """The scorer's alias: what stands before the slash."""
    return metric.partition("/")[0]


def scorers_of(result: Result) -> dict[str, Described]:
    """Alias → how the suite's scorers describe themselves."""
    return {one.alias: one for one in result.components if one.kind == "scorers" and one.used}


def build_dimensions(result: Result, metrics: Sequence[MetricBlock]) -> tuple[Measured, ...]:
    """The dimensions that any scorer speaks of, in their order."""
    described = scorers_of(result)
    of_systems = {score.metric for score in result.scores if score.system != DATA}
    by_scorer: dict[str, list[MetricBlock]] = {}
    for block in metrics:
        if block.metric in of_systems:
            by_scorer.setdefault(scorer_of(block.metric), []).append(block)
    aliases = list(dict.fromkeys([*described, *by_scorer, *result.samples, *result.blocks]))
    options = {one.alias: in_words(one) for one in asked(result, "score")}
    found: dict[str, list[Scored]] = {}
    for alias in aliases:
        own, one = by_scorer.get(alias, []), described.get(alias)
        if own or result.samples.get(alias) is not None or result.blocks.get(alias):
            dimension = one.dimension if one and one.dimension in DIMENSIONS else UNKNOWN
            found.setdefault(dimension, []).append(_scored(result, alias, one, own, options))
    return tuple(Measured(name, question, tuple(found[name])) for name, question in _QUESTIONS.items() if name in found)


def _scored(
    result: Result, alias: str, one: Described | None, own: Sequence[MetricBlock], options: Mapping[str, str]
) -> Scored:
    failed, errors, samples = _failed(result, alias)
    return Scored(
        alias=alias,
        summary=one.summary if one else "",
        looks_for=one.looks_for if one else "",
        options=options.get(alias, ""),
        tried=_tried(result, alias),
        compared=tuple(block for block in own if len(block.lines) > 1),
        alone=tuple(block for block in own if len(block.lines) == 1),
        failed=failed,
        errors=errors,
        samples=samples,
        blocks=result.blocks.get(alias, ()),
    )


def _failed(result: Result, alias: str) -> tuple[int, tuple[tuple[str, str, str], ...], int]:
    """How many samples could not be scored, the first of them, and how many samples there are."""
    table = result.samples.get(alias)
    if table is None:
        return 0, (), 0
    wrong = table.filter(table["error"].is_valid())
    first = wrong.slice(0, _ERRORS).select(["system", "row", "error"]).to_pylist()
    return len(wrong), tuple((one["system"], one["row"], one["error"]) for one in first), len(table)


def _tried(result: Result, alias: str) -> str:
    """How many rows it was asked of, where its node says that there are more."""
    facts = next((record.facts for record in result.records if record.stage == f"score[{alias}]"), {})
    rows, of = whole(facts, "rows"), whole(facts, "of")
    return out_of(rows, of) if rows is not None and of and rows < of else ""
