"""Rivals: the system on trial beside each other one, paired row by row, so that luck with the rows cancels out.

What is said of them rests on the bounds on which gates decide, so that no report says of two systems that they are not
shown to differ where a gate or the verdict's warnings show that they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seatrial.evaluation.scores import Metric
from seatrial.runs.result import Result
from seatrial.terminal.figures import share
from seatrial.terminal.legible import one_line
from seatrial.verdict.comparison import COMPARABLE, PairedComparison, compare
from seatrial_reports.headline import subject
from seatrial_reports.numbers import UNIT, amount

__all__ = ["Rival", "build_rivals", "rival_of"]

Standing = Literal["better", "worse", "unclear"]


@dataclass(frozen=True, slots=True)
class Rival:
    """How the system on trial stands to one other system on the same rows."""

    standing: Standing
    """`better` or `worse` where the one-sided 95% bounds of the difference leave out 0."""
    said: str
    """`better by 0.850`, `worse by 0.010`, `not shown to differ`."""
    bounds: str
    """Of the difference, in the direction of what is said: `0.002 to 0.019`, `0.007 worse to 0.012 better`."""
    note: str
    """`better on 73 items and worse on 105, exact one-sided McNemar p = 0.010`."""


def build_rivals(result: Result) -> dict[tuple[str, str], Rival]:
    """(metric, system) → how the system on trial stands to it; what cannot be paired is left out."""
    on_trial = subject(result)
    rivals: dict[tuple[str, str], Rival] = {}
    for score in result.scores:
        metric = result.metrics.get(score.metric)
        table = result.samples.get(score.metric.partition("/")[0])
        if score.system == on_trial or metric is None or table is None or metric.kind not in COMPARABLE:
            continue
        found = compare(metric, (on_trial, table), (score.system, table), same_prompts=score.system == "base")
        if isinstance(found, PairedComparison):
            rivals[score.metric, score.system] = rival_of(found, metric)
    return rivals


def rival_of(found: PairedComparison, metric: Metric) -> Rival:
    """A comparison in words."""
    bounds = found.improvement.bounds()
    low, high, gain = bounds.lower, bounds.upper, found.improvement.value
    unit = f" {one_line(metric.unit, UNIT)}" if metric.unit else ""

    def written(x: float) -> str:
        return share(x) if not unit and abs(x) <= 1 else amount(x)

    if low is None or high is None:
        side = f"{written(abs(gain))}{unit} {'better' if gain > 0 else 'worse'}" if gain else "no different"
        return Rival("unclear", f"{side}, without bounds", "", found.note)
    if low > 0:
        return Rival("better", f"better by {written(gain)}{unit}", f"{written(low)} to {written(high)}", found.note)
    if high < 0:
        return Rival("worse", f"worse by {written(-gain)}{unit}", f"{written(-high)} to {written(-low)}", found.note)
    between = f"{written(-low)} worse to {written(high)}{unit} better"
    return Rival("unclear", "not shown to differ", between, found.note)
