"""One metric against a floor, a ceiling, or both."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Literal

from seatrial.errors import UsageError
from seatrial.evaluation.observation import Observation, observe
from seatrial.evaluation.scores import Metric, Score
from seatrial.evaluation.summary import CENSUS, DATA, estimate, summarise
from seatrial.stats import (
    Answer,
    Bounds,
    ClusteredDrop,
    ClusteredPercentile,
    Estimate,
    PairedDrop,
    Percentile,
    Proportion,
)
from seatrial.terminal.figures import figure, figure_beside, sample_size, with_unit
from seatrial.verdict import Decision, Evidence, Outcome, Severity
from seatrial_plugins.gates.needed import Needed

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Threshold"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Passes where the bounds show that the metric keeps within the thresholds; see `seatrial_plugins.gates`.

    Raises:
        UsageError: no threshold, one that isn't a number, a floor above the ceiling, or `on: point` with a severity
            other than `info`.
    """

    metric: str
    floor: float | None
    ceiling: float | None
    severity: Severity = "block"
    on: Literal["bound", "point"] = "bound"
    system: str | None = None

    def __post_init__(self) -> None:
        given = [number for number in (self.floor, self.ceiling) if number is not None]
        if not given:
            raise UsageError(f"gate on {self.metric}: says neither `min` nor `max`; give one of them")
        if not all(math.isfinite(number) for number in given):
            raise UsageError(f"gate on {self.metric}: `min` and `max` must be numbers, not NaN or infinite")
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise UsageError(f"gate on {self.metric}: `min` {self.floor:g} is above `max` {self.ceiling:g}")
        if self.on == "point" and self.severity != "info":
            raise UsageError(
                f"gate on {self.metric}: `on: point` takes no account of chance, so it may not {self.severity}; "
                "add `severity: info`, or leave `on` out"
            )

    def decide(self, evidence: Evidence) -> Decision:
        """Pass, fail, inconclusive or error; a missing, NaN or empty score is an error."""
        system = self.system or evidence.subject
        metric, score = evidence.metric(self.metric), evidence.score(self.metric, system)
        if score is None and self.system is None:
            score = evidence.score(self.metric, DATA)
        if score is not None and score.kind == "exact":
            return self._decide_outright(score, "exact")
        if metric is None:
            return self._error(f"nothing in the suite produces {self.metric}")
        if score is None:
            return self._error(f"{self.metric} was not scored for {system}")
        problem = _unusable(score)
        if problem:
            return self._error(problem)
        if metric.kind in CENSUS:
            return self._whatever_was_unmeasured(evidence, metric, score, self._decide_outright(score, "census"))
        if self.on == "point":
            return self._decide_outright(score, "point estimate")
        return self._whatever_was_unmeasured(evidence, metric, score, self._decide_on_bounds(evidence, metric, score))

    @property
    def condition(self) -> str:
        """The gate in words."""
        name = f"{self.metric} of {self.system}" if self.system else self.metric
        if self.floor is not None and self.ceiling is not None:
            return f"{self.floor:g} ≤ {name} ≤ {self.ceiling:g}"
        return f"{name} ≥ {self.floor:g}" if self.floor is not None else f"{name} ≤ {self.ceiling:g}"

    def _whatever_was_unmeasured(
        self, evidence: Evidence, metric: Metric, score: Score, decision: Decision
    ) -> Decision:
        """A pass stands where it would whatever the rows were that have no number and should (worst-case bounds: Manski 1989).

        Such rows are `Metric.unmeasured`; those that a metric does not apply to are none.
        """
        import pyarrow.compute as pc

        samples = evidence.samples(self.metric, score.system)
        if decision.outcome != "pass" or not metric.unmeasured or samples is None:
            return decision
        gaps = _gaps(metric, samples)
        count = pc.sum(gaps).as_py()
        limits = (0.0, 1.0) if metric.kind == "proportion" else metric.limits
        if not count or (
            limits is not None
            and all(
                self._passes_with(metric, score, _filled(samples, gaps, extreme))
                for extreme in _extremes(metric, limits)
            )
        ):
            return decision
        reason = (
            f"{count} of {samples.num_rows} answers have no number ({metric.unmeasured}): it passes without them, and would not "
            f"whatever they were; without them: {decision.reason}"
        )
        return replace(decision, outcome="inconclusive", reason=reason)

    def _passes_with(self, metric: Metric, score: Score, filled: pa.Table) -> bool:
        """Whether it passes on samples without a gap."""
        if metric.kind in CENSUS:
            value = summarise(metric, "", score.system, filled).value
            bounds = Bounds(value, value, 1.0, "census")
        else:
            observation = observe(metric, score.system, filled)
            if observation.missing is not None:  # a mean that a ratio is taken to is 0
                return False
            bounds = estimate(metric, observation).bounds()
        return _prevailing([side(bounds) for side in self._sides()]) == "pass"

    def _decide_on_bounds(self, evidence: Evidence, metric: Metric, score: Score) -> Decision:
        observation = observe(metric, score.system, evidence.samples(self.metric, score.system))
        if observation.missing is not None:
            return self._error(observation.missing)
        found = estimate(metric, observation)
        assert score.value is not None
        if not math.isclose(found.value, score.value, rel_tol=1e-9, abs_tol=1e-12):
            return self._error(
                f"the saved score {figure(score.value)} is not what its samples give, {figure(found.value)}; score again"
            )
        bounds = found.bounds()
        answer = _prevailing([side(bounds) for side in self._sides()])
        needed = None
        if answer == "inconclusive":
            needed = Needed.of(
                found, self._decided, n=observation.n, clusters=observation.clusters, seeds=observation.seeds
            )
        basis = _basis(found, observation, bounds, score.unit)
        reason = (
            f"{self._why_undecided(bounds, score.unit)} ({basis}); {needed.sentence(figure(found.value))}"
            if needed is not None
            else f"{self._why(bounds, answer, score.unit)} ({basis})"
        )
        return Decision(
            metric=self.metric,
            outcome=answer,
            severity=self.severity,
            condition=self.condition,
            reason=reason,
            value=found.value,
            lower=bounds.lower,
            upper=bounds.upper,
            n=observation.n,
            method=bounds.method,
            needed_n=needed.n if needed else None,
            clusters=observation.clusters,
            seeds=observation.seeds,
        )

    def _sides(self) -> list[Callable[[Bounds], Answer]]:
        sides: list[Callable[[Bounds], Answer]] = []
        if (floor := self.floor) is not None:
            sides.append(lambda bounds: bounds.at_least(floor))
        if (ceiling := self.ceiling) is not None:
            sides.append(lambda bounds: bounds.at_most(ceiling))
        return sides

    def _decided(self, bounds: Bounds) -> bool:
        return _prevailing([side(bounds) for side in self._sides()]) != "inconclusive"

    def _why(self, bounds: Bounds, answer: Answer, unit: str) -> str:
        """The bounds that decided, beside what they were held against."""
        parts = []
        if self.floor is not None and bounds.at_least(self.floor) == answer:
            parts.append(_held(answer, bounds.lower, bounds.upper, self.floor, "≥", unit))
        if self.ceiling is not None and bounds.at_most(self.ceiling) == answer:
            parts.append(_held(answer, bounds.upper, bounds.lower, self.ceiling, "≤", unit))
        return " and ".join(parts)

    def _why_undecided(self, bounds: Bounds, unit: str) -> str:
        if bounds.lower is None or bounds.upper is None:
            return str(bounds.missing)
        near = next(
            number
            for number in (self.floor, self.ceiling)
            if number is not None and bounds.lower <= number <= bounds.upper
        )
        lower, upper = figure_beside(bounds.lower, near), figure_beside(bounds.upper, near)
        return f"{near:g} lies between the bounds {lower} and {with_unit(upper, unit)}"

    def _decide_outright(self, score: Score, method: str) -> Decision:
        """Hold the value itself against the thresholds."""
        problem = _unusable(score)
        if problem:
            return self._error(problem)
        assert score.value is not None
        known = Bounds(score.value, score.value, 1.0, method)
        answer = _prevailing([side(known) for side in self._sides()])
        parts = []
        if self.floor is not None and known.at_least(self.floor) == answer:
            sign = "≥" if answer == "pass" else "<"
            parts.append(f"{_outright(score.value, self.floor, score.unit)} {sign} {self.floor:g}")
        if self.ceiling is not None and known.at_most(self.ceiling) == answer:
            sign = "≤" if answer == "pass" else ">"
            parts.append(f"{_outright(score.value, self.ceiling, score.unit)} {sign} {self.ceiling:g}")
        told = {
            "exact": "counted, no sampling error",
            "census": f"a census of {score.n} items, no sampling error",
            "point estimate": f"point estimate from {score.n}, chance is not accounted for",
        }[method]
        return Decision(
            metric=self.metric,
            outcome=answer,
            severity=self.severity,
            condition=self.condition,
            reason=f"{' and '.join(parts)} ({told})",
            value=score.value,
            n=score.n,
            method=method,
            clusters=score.clusters,
            seeds=score.seeds,
        )

    def _error(self, reason: str) -> Decision:
        return Decision(self.metric, "error", self.severity, self.condition, reason)


def _gaps(metric: Metric, samples: pa.Table) -> pa.ChunkedArray:
    """Which samples have no number and should; one that the metric does not apply to has a number in its column `gap`."""
    import pyarrow.compute as pc

    return pc.and_(*(samples[f"value:{name}"].is_null() for name in (metric.column, metric.gap or metric.column)))


def _extremes(metric: Metric, limits: tuple[float, float]) -> Iterator[Mapping[str, float]]:
    """Column → number: what all gaps may be for the score to be the furthest to one side; of a ratio, each pair of limits."""
    columns = (metric.column, metric.over) if metric.kind == "ratio_of_means" and metric.over else (metric.column,)
    for numbers in product(limits, repeat=len(columns)):
        yield dict(zip(columns, numbers, strict=True))


def _filled(samples: pa.Table, gaps: pa.ChunkedArray, numbers: Mapping[str, float]) -> pa.Table:
    """The samples, with these numbers in the gaps of these columns."""
    import pyarrow.compute as pc

    for column, number in numbers.items():
        name = f"value:{column}"
        filled = pc.if_else(gaps, number, samples[name])
        samples = samples.set_column(samples.column_names.index(name), name, filled)
    return samples


def _prevailing(answers: list[Answer]) -> Answer:
    """Both sides must pass; one that fails fails the gate."""
    order: tuple[Answer, ...] = ("fail", "inconclusive", "pass")
    return next(answer for answer in order if answer in answers)


def _unusable(score: Score) -> str | None:
    """Why a score can't be held against anything."""
    if score.value is None:
        return score.missing or "the score is missing"
    if not math.isfinite(score.value):
        return "the score is NaN or infinite"
    return "the score is of no samples" if score.n < 1 else None


def _outright(value: float, threshold: float, unit: str) -> str:
    """A counted or measured number: whole where it is whole."""
    return with_unit(f"{value:,.0f}" if value.is_integer() else figure_beside(value, threshold), unit)


def _held(answer: Outcome, passing: float | None, failing: float | None, threshold: float, sign: str, unit: str) -> str:
    bound = passing if answer == "pass" else failing
    assert bound is not None
    name = "lower" if (sign == "≥") == (answer == "pass") else "upper"
    shown = sign if answer == "pass" else {"≥": "<", "≤": ">"}[sign]
    return f"{name} bound {with_unit(figure_beside(bound, threshold), unit)} {shown} {threshold:g}"


def _basis(found: Estimate, observation: Observation, bounds: Bounds, unit: str) -> str:
    """What the bounds rest on: `145 of 163, Clopper-Pearson, one-sided 95%`."""
    n = observation.n
    value = with_unit(figure(found.value), unit)
    if isinstance(found, Proportion):
        what = f"{found.successes:.0f} of {n}"
    elif isinstance(found, Percentile | ClusteredPercentile):
        what = f"percentile {found.q:g} of {n} values is {value}"
    elif isinstance(found, PairedDrop | ClusteredDrop):
        what = f"drop {value} over {n} items"
    else:
        what = f"{value} over {n}"
    within = sample_size(n, observation.clusters, observation.seeds).removeprefix(f"n = {n}")
    return f"{what}{within}, {bounds.method}, one-sided {bounds.level:.0%}"
