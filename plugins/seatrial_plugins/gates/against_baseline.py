"""One metric of the system on trial against the same metric of another, on the same rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from seatrial.errors import UsageError
from seatrial.evaluation.scores import Metric
from seatrial.stats import GATE_LEVEL, Estimate
from seatrial.terminal.figures import figure, figure_beside, sample_size
from seatrial.verdict import Decision, Evidence, Severity
from seatrial.verdict.comparison import PairedComparison, compare
from seatrial_plugins.gates.needed import Needed

__all__ = ["Difference"]

_SMALLEST = 1e-6
"""The least p-value that is told apart from smaller ones."""

EARLIER = "run:"
"""How a baseline that is an earlier run's folder is written."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One-sided non-inferiority; see `seatrial_plugins.gates`.

    Passes if the one-sided 95% lower bound of the improvement is at least -margin, fails if the upper bound is below
    it. Prompts must be the same, by their digests, when the baseline is `base` or an earlier run: both were asked the
    same. A few-shot system or a classifier is given something else by design and is matched on rows and targets.

    Raises:
        UsageError: a margin that is negative, NaN or infinite, or no baseline.
    """

    metric: str
    baseline: str
    margin: float = 0.0
    test: Literal["paired"] = "paired"
    severity: Severity = "block"
    family: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise UsageError(
                f"gate on {self.metric}: `margin` {self.margin:g} is how much worse is tolerated: a number from 0 up"
            )
        if not self.baseline.removeprefix(EARLIER).strip():
            raise UsageError(f"gate on {self.metric}: `baseline` must name a system or run:PATH, not {self.baseline!r}")

    def decide(self, evidence: Evidence) -> Decision:
        """Pass, fail, inconclusive or error; what can't be paired is an error."""
        metric = evidence.metric(self.metric)
        if metric is None:
            return self._error(evidence, None, f"nothing in the suite produces {self.metric}")
        problem = self._unscored(evidence)
        if problem:
            return self._error(evidence, metric, problem)
        try:
            found = self._compare(evidence, metric)
        except UsageError as error:
            return self._error(evidence, metric, str(error))
        if isinstance(found, str):
            return self._error(evidence, metric, found)
        return self._decision(evidence, metric, found)

    def _unscored(self, evidence: Evidence) -> str | None:
        if self.baseline == evidence.subject:
            return f"{evidence.subject} would be compared with itself"
        score = evidence.score(self.metric, evidence.subject)
        if score is None:
            return f"{self.metric} was not scored for {evidence.subject}"
        if score.value is None:
            return score.missing or "the score is missing"
        return None if math.isfinite(score.value) else "the score is NaN or infinite"

    def _compare(self, evidence: Evidence, metric: Metric) -> PairedComparison | str:
        subject = evidence.subject
        ours = evidence.samples(self.metric, subject)
        earlier = self._earlier
        if earlier is None:
            theirs = evidence.samples(self.metric, self.baseline)
            return compare(metric, (subject, ours), (self.baseline, theirs), same_prompts=self.baseline == "base")
        theirs = evidence.samples(self.metric, subject, earlier)
        if theirs is None:
            return f"earlier run {earlier} has no samples of {self.metric} for {subject}"
        return compare(
            metric, (subject, ours), (subject, theirs), same_prompts=True, other_name=f"{subject} of {earlier}"
        )

    @property
    def _earlier(self) -> str | None:
        return self.baseline.removeprefix(EARLIER).strip() if self.baseline.startswith(EARLIER) else None

    def _condition(self, evidence: Evidence, metric: Metric | None) -> str:
        subject = evidence.subject
        other = f"{subject} of {self._earlier}" if self._earlier else self.baseline
        lower_is_better = metric is not None and metric.better == "lower"
        pair = f"{other} - {subject}" if lower_is_better else f"{subject} - {other}"
        return f"{self.metric}: {pair} ≥ {-self.margin if self.margin else 0:g}"

    def _decision(self, evidence: Evidence, metric: Metric, found: PairedComparison) -> Decision:
        improvement, allowed = found.improvement, -self.margin if self.margin else 0.0
        bounds = improvement.bounds()
        outcome = bounds.at_least(allowed)
        needed = (
            Needed.of(
                improvement,
                lambda at: at.at_least(allowed) != "inconclusive",
                n=found.n,
                clusters=found.clusters,
                seeds=found.seeds,
            )
            if outcome == "inconclusive"
            else None
        )
        basis = (
            f"{figure(found.subject_value)} against {figure(found.other_value)}, {found.note}, "
            f"{sample_size(found.n, found.clusters, found.seeds)}, {bounds.method}, one-sided {bounds.level:.0%}"
        )
        if needed is not None:
            reason = (
                f"{allowed:g} lies between the bounds {figure_beside(bounds.lower, allowed)} and "
                f"{figure_beside(bounds.upper, allowed)} ({basis})"
                if bounds.lower is not None and bounds.upper is not None
                else f"{bounds.missing} ({basis})"
            )
            reason += f"; {needed.sentence('the difference')}"
            if found.detectable:
                reason += f"; these items can show a difference of {figure(found.detectable)} (80% power)"
        elif outcome == "pass":
            assert bounds.lower is not None
            reason = f"lower bound {figure_beside(bounds.lower, allowed)} ≥ {allowed:g} ({basis})"
        else:
            assert bounds.upper is not None
            reason = f"upper bound {figure_beside(bounds.upper, allowed)} < {allowed:g} ({basis})"
        return Decision(
            metric=self.metric,
            outcome=outcome,
            severity=self.severity,
            condition=self._condition(evidence, metric),
            reason=reason,
            value=improvement.value,
            lower=bounds.lower,
            upper=bounds.upper,
            n=found.n,
            method=bounds.method,
            needed_n=needed.n if needed else None,
            clusters=found.clusters,
            seeds=found.seeds,
            family=self.family,
            p=_level(improvement, allowed) if self.family and outcome == "fail" else None,
        )

    def _error(self, evidence: Evidence, metric: Metric | None, reason: str) -> Decision:
        condition = self._condition(evidence, metric)
        return Decision(self.metric, "error", self.severity, condition, reason, family=self.family)


def _level(improvement: Estimate, allowed: float) -> float:
    """The smallest one-sided level at which the upper bound still lies below what is allowed, to 2% of itself."""
    low, high = _SMALLEST, 1 - GATE_LEVEL
    while high > low * 1.02:
        middle = math.sqrt(low * high)
        if improvement.bounds(1 - middle).at_least(allowed) == "fail":
            high = middle
        else:
            low = middle
    return high
