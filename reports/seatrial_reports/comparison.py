"""Scores side by side: tuned, base, few-shot and baselines, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.evaluation.scores import Score
from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Result
from seatrial_reports.charts import Dot, DotPlot, dot_plot
from seatrial_reports.coverage import drawn_metrics
from seatrial_reports.facts import entries, mapping, number, text
from seatrial_reports.headline import subject
from seatrial_reports.numbers import interval, value
from seatrial_reports.rivals import Rival, build_rivals

__all__ = ["Comparison", "MetricBlock", "ScoreLine", "build_comparison", "scorer_of"]

_COSTS = frozenset({"ms", "s", "bytes", "tokens/s", "tok/s", "tokens per second"})
"""Units of time and memory: such metrics go under speed and memory."""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One system's score, written out."""

    system: str
    on_trial: bool
    value: str
    interval: str
    n: str
    missing: str
    method: str
    """How the interval was computed, where the lines of a block differ in it."""
    dot: Dot | None
    """Its place on the metric's axis; None where there is no number or no plot."""
    rival: Rival | None = None
    """How the system on trial stands to this one on the same rows; None where they cannot be paired."""


@dataclass(frozen=True, slots=True)
class MetricBlock:
    """One metric of all systems."""

    metric: str
    summary: str
    direction: str
    """`higher is better` or `lower is better`."""
    method: str
    """How the intervals of all lines were computed, where they have it in common."""
    n: str
    """How many samples every line's score is computed from, where it is the same number."""
    lines: tuple[ScoreLine, ...]
    plot: DotPlot | None
    """The axis that the lines' dots stand on; None where fewer than two systems have a number."""

    @property
    def scorer(self) -> str:
        """The alias of the scorer that it comes from."""
        return scorer_of(self.metric)

    @property
    def paired(self) -> bool:
        """Whether any system is held against the one on trial row by row."""
        return any(line.rival for line in self.lines)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All metrics, by what a reviewer asks."""

    compared: tuple[MetricBlock, ...]
    """Metrics of several systems."""
    alone: tuple[MetricBlock, ...]
    """Metrics of the system on trial only."""
    costs: tuple[MetricBlock, ...]
    """Speed and memory."""
    counts: tuple[MetricBlock, ...]
    """Counts of the data and of training that gates can hold."""

    def all(self) -> tuple[MetricBlock, ...]:
        """Every metric, in the order in which a report shows them."""
        return (*self.compared, *self.alone, *self.costs, *self.counts)


def scorer_of(metric: str) -> str:
    """The scorer's alias: what stands before the slash."""
    return metric.partition("/")[0]


def build_comparison(result: Result, apart: Sequence[str] = ("naive_split",)) -> Comparison:
    """Group the scores by metric. `apart` are scorers that have a place of their own in the report."""
    by_metric: dict[str, list[Score]] = {}
    drawn = drawn_metrics(result)
    for score in result.scores:
        if scorer_of(score.metric) not in apart and score.metric not in drawn:
            by_metric.setdefault(score.metric, []).append(score)
    on_trial = subject(result)
    rivals = build_rivals(result)
    compared: list[MetricBlock] = []
    alone: list[MetricBlock] = []
    costs: list[MetricBlock] = []
    counts: list[MetricBlock] = []
    for metric, scores in by_metric.items():
        block = _block(metric, _ordered(scores, on_trial), on_trial, _thresholds(result, metric), rivals)
        if all(score.system == DATA for score in scores):
            counts.append(block)
        elif scores[0].unit in _COSTS:
            costs.append(block)
        else:
            (compared if len(scores) > 1 else alone).append(block)
    return Comparison(tuple(compared), tuple(alone), tuple(costs), tuple(counts))


def _ordered(scores: Sequence[Score], on_trial: str) -> list[Score]:
    """On trial first, then the base, the base with examples, and the baselines as they came."""

    def rank(score: Score) -> int:
        if score.system == on_trial:
            return 0
        if score.system == "base":
            return 1
        return 2 if score.system.startswith("base-") else 3

    return sorted(scores, key=rank)


def _block(
    metric: str,
    scores: Sequence[Score],
    on_trial: str,
    thresholds: Mapping[str, float],
    rivals: Mapping[tuple[str, str], Rival],
) -> MetricBlock:
    plot = dot_plot(scores, thresholds)
    dots = plot.dots if plot else {}
    methods = {score.interval.method for score in scores if score.interval}
    common = methods.pop() if len(methods) == 1 else ""
    sizes = {_n(score) for score in scores}
    return MetricBlock(
        metric=metric,
        summary=scores[0].summary,
        direction=f"{scores[0].better} is better",
        method=common,
        n=sizes.pop() if len(sizes) == 1 else "",
        lines=tuple(
            _line(score, on_trial, dots.get(score.system), rivals.get((metric, score.system)), common)
            for score in scores
        ),
        plot=plot,
    )


def _n(score: Score) -> str:
    return f"{score.n:,}" if score.kind != "exact" else ""


def _line(score: Score, on_trial: str, dot: Dot | None, rival: Rival | None, common: str) -> ScoreLine:
    return ScoreLine(
        system=score.system,
        on_trial=score.system == on_trial,
        value=value(score),
        interval=interval(score),
        n=_n(score),
        # That a count has no interval needs no telling.
        missing="" if score.kind == "exact" and score.value is not None else score.missing or "",
        method=score.interval.method if score.interval and score.interval.method != common else "",
        dot=dot,
        rival=rival,
    )


def _thresholds(result: Result, metric: str) -> dict[str, float]:
    """The fixed conditions that the suite's gates put on a metric, by what they say."""
    found: dict[str, float] = {}
    for gate in entries(result.suite, "gates"):
        named = next((key for key, value in gate.items() if isinstance(value, Mapping)), "")
        options = {**gate, **mapping(gate, named)}
        if text(options, "metric") == metric and not text(options, "baseline"):
            for key, sign in (("min", "≥"), ("max", "≤")):
                bound = number(options, key)
                if bound is not None:
                    found[f"gate {sign} {bound:g}"] = bound
    return found
