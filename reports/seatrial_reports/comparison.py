"""Scores side by side: tuned, base, few-shot and baselines, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.evaluation.scores import Score
from seatrial.runs.result import Result
from seatrial.terminal.figures import rows_counted
from seatrial_reports.charts import Dot, DotPlot, Estimate, dot_plot
from seatrial_reports.facts import entries, mapping, number, text
from seatrial_reports.headline import subject
from seatrial_reports.numbers import interval, value
from seatrial_reports.rivals import Rival, build_rivals

__all__ = ["MetricBlock", "ScoreLine", "build_metrics"]

_SHARES = (0, 0.25, 0.5, 0.75, 1)
"""Ticks of an axis of shares: all of it is drawn, whatever the scores."""


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
    def paired(self) -> bool:
        """Whether any system is held against the one on trial row by row."""
        return any(line.rival for line in self.lines)


def build_metrics(result: Result) -> tuple[MetricBlock, ...]:
    """Every metric that there is a score of, in the order in which they came."""
    by_metric: dict[str, list[Score]] = {}
    for score in result.scores:
        by_metric.setdefault(score.metric, []).append(score)
    on_trial, rivals = subject(result), build_rivals(result)
    return tuple(
        _block(metric, _ordered(scores, on_trial), on_trial, _thresholds(result, metric), rivals)
        for metric, scores in by_metric.items()
    )


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
    plot = _plot(scores, thresholds)
    dots = iter(plot.dots if plot else ())
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
            ScoreLine(
                system=score.system,
                on_trial=score.system == on_trial,
                value=value(score),
                interval=interval(score),
                n=_n(score),
                # That a count has no interval needs no telling.
                missing="" if score.kind == "exact" and score.value is not None else score.missing or "",
                method=score.interval.method if score.interval and score.interval.method != common else "",
                dot=next(dots, None) if _finite(score) else None,
                rival=rivals.get((metric, score.system)),
            )
            for score in scores
        ),
        plot=plot,
    )


def _plot(scores: Sequence[Score], thresholds: Mapping[str, float]) -> DotPlot | None:
    """The scores that have a value; None where fewer than two do."""
    estimates = [
        Estimate(
            score.value,
            score.interval.low if score.interval else None,
            score.interval.high if score.interval else None,
            f"{value(score)}{f' ({bounds})' if (bounds := interval(score)) else ''}, n = {rows_counted(score.n, score.clusters, score.seeds)}",
        )
        for score in scores
        if score.value is not None and _finite(score)
    ]
    if len(estimates) < 2:
        return None
    ends = [x for one in estimates for x in (one.value, one.low, one.high) if x is not None]
    shares = min(ends) >= 0 and max(ends) <= 1 and not scores[0].unit
    return dot_plot(estimates, thresholds, ticks=_SHARES if shares else ())


def _finite(score: Score) -> bool:
    return score.value is not None and math.isfinite(score.value)


def _n(score: Score) -> str:
    return rows_counted(score.n, score.clusters, score.seeds) if score.kind != "exact" else ""


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
