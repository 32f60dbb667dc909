"""From samples to scores: how a column of a samples table becomes one number with its n and interval.

A run, `seatrial gate` and every report compute it here. A failed sample, a number that isn't one, or an empty column
leaves the score missing, with the reason; it never becomes zero and is never left out quietly.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from seatrial.evaluation.observation import Observation, Part, observe
from seatrial.evaluation.scores import Interval, Kind, Metric, Score
from seatrial.stats import (
    BoundedMean,
    ClusteredDrop,
    ClusteredMean,
    ClusteredPercentile,
    CorpusEstimate,
    Drop,
    Estimate,
    Mean,
    PairedDrop,
    Percentile,
    Proportion,
    SeedMean,
    SeedScores,
    wilson_interval,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CENSUS", "DATA", "applies", "estimate", "exact_score", "summarise"]

LEVEL = 0.95
"""The confidence of the two-sided intervals that are shown."""

CENSUS: tuple[Kind, ...] = ("maximum", "exact")
"""The kinds that are known outright: no sampling, so no interval, and a gate decides on the value."""

DATA = "data"
"""The system that counts of the data stages are scores of."""

NO_SAMPLING = "no interval: a census of what was run, without sampling error"
TOO_LARGE = "the numbers are too large to be summed up"


def estimate(metric: Metric, observation: Observation) -> Estimate:
    """The metric's estimate, with the bounds that gates decide on.

    Raises:
        ValueError: the observation is missing, or the metric's kind is a census, which has no sampling error.
    """
    if observation.missing is not None:
        raise ValueError(f"{metric.name}: {observation.missing}")
    each = tuple(_estimate(metric, part) for part in observation.parts)
    if len(each) == 1:
        return each[0]
    return SeedMean(each, (SeedScores(tuple(one.value for one in each), _limits(metric)),))


def _estimate(metric: Metric, part: Part) -> Estimate:
    """The estimate from one training seed."""
    values, over, clusters = part.values, part.over, part.clusters
    limits = _limits(metric)
    if metric.kind == "corpus":
        assert part.columns is not None
        return CorpusEstimate.of(metric.statistic, part.columns, clusters, limits)
    if metric.kind == "proportion" and clusters is None:
        return Proportion(int(values.sum()), int(values.size))
    if limits is not None:
        return BoundedMean.of(values, limits, clusters)
    if metric.kind == "mean":
        return Mean.of(values) if clusters is None else ClusteredMean.of(values, clusters)
    if metric.kind == "percentile":
        assert metric.q is not None
        if clusters is None:
            return Percentile.of(values, metric.q)
        return ClusteredPercentile.of(values, metric.q, clusters)
    if metric.kind == "ratio_of_means":
        assert over is not None
        if not (((values == 0) | (values == 1)).all() and ((over == 0) | (over == 1)).all()):
            return Drop.of(values, over, clusters)
        if clusters is not None:
            return ClusteredDrop.of(values, over, clusters)
        both = int((values * over).sum())
        return PairedDrop(both, int(values.sum()) - both, int(over.sum()) - both, int(values.size))
    raise ValueError(f"{metric.name}: a {metric.kind} is not estimated")


def _limits(metric: Metric) -> tuple[float, float] | None:
    """The smallest and largest score there can be; None where that is not known."""
    if metric.kind == "proportion":
        return (0.0, 1.0)
    return metric.limits if metric.kind in {"mean", "corpus"} else None


def applies(metric: Metric, samples: pa.Table | None) -> bool:
    """Whether the metric says anything of a system: a classifier that only names a label has no likelihoods."""
    if samples is None or f"value:{metric.column}" not in samples.column_names:
        return True  # something is wrong, which the comparison or the score says
    column = samples[f"value:{metric.column}"]
    return bool(column.null_count < len(column) or samples["error"].null_count < len(samples))


def summarise(metric: Metric, scorer: str, system: str, samples: pa.Table | None) -> Score:
    """One metric of one system, from the samples of its scorer.

    `None` among the values means that the metric doesn't apply to that sample, which is then left out of n. One
    failed sample, a NaN or an infinite number makes the score missing, and so does a column without any value. Rows of one
    cluster count together, and of a system with training seeds the score is the mean over these (of a `maximum`, the
    largest).

    Args:
        metric: how the column becomes a number.
        scorer: the scorer's name in the suite; the score is called `scorer/metric`.
        system: whose samples.
        samples: columns of `seatrial.evaluation.samples.sample_schema`, of any number of systems.
    """
    observation = observe(metric, system, samples)
    value, interval, missing = _sum_up(metric, observation)
    return Score(
        metric=f"{scorer}/{metric.name}",
        system=system,
        value=value,
        n=observation.n,
        kind=metric.kind,
        better=metric.better,
        unit=metric.unit,
        interval=interval,
        missing=missing,
        summary=metric.summary,
        clusters=observation.clusters,
        seeds=observation.seeds,
    )


def _sum_up(metric: Metric, observation: Observation) -> tuple[float | None, Interval | None, str | None]:
    """Value, two-sided interval, and why one of them is None."""
    import numpy as np

    if observation.missing is not None:
        return None, None, observation.missing
    if metric.kind in CENSUS:
        with np.errstate(over="ignore", invalid="ignore"):
            if metric.kind == "maximum":
                value = float(max(part.values.max() for part in observation.parts))
            else:
                value = float(np.mean([part.values.sum() for part in observation.parts]))
        return (value, None, NO_SAMPLING) if math.isfinite(value) else (None, None, TOO_LARGE)
    found = estimate(metric, observation)
    if not math.isfinite(found.value):
        return None, None, TOO_LARGE
    if isinstance(found, Proportion):
        return found.value, Interval(*wilson_interval(found.successes, found.n, LEVEL), LEVEL, "Wilson"), None
    bounds = found.bounds((1 + LEVEL) / 2)
    if bounds.lower is None or bounds.upper is None or not math.isfinite(bounds.lower + bounds.upper):
        return found.value, None, f"no interval: {bounds.missing or TOO_LARGE}"
    return found.value, Interval(bounds.lower, bounds.upper, LEVEL, bounds.method), None


def exact_score(
    name: str,
    value: float | None,
    *,
    system: str = DATA,
    n: int = 1,
    better: Literal["higher", "lower"] = "lower",
    unit: str = "",
    summary: str = "",
    missing: str | None = None,
) -> Score:
    """A count or measurement of a data stage as a score: `exact_score("leakage/dropped", 12, n=2026)`.

    Args:
        name: full name, `stage/metric`.
        value: the number; None, NaN or infinite makes it missing.
        system: what it was found of.
        n: how many things were looked at; 0 makes it missing, since nothing was measured.
        better: which way is better.
        unit: `rows`, `tokens`, …
        summary: one sentence for reviewers.
        missing: why there is no value.
    """
    if missing is None and value is None:
        missing = "it was not measured"
    elif missing is None and n < 1:
        missing = "there was nothing to measure"
    elif missing is None and value is not None and not math.isfinite(value):
        missing = "the number is NaN or infinite"
    return Score(
        metric=name,
        system=system,
        value=float(value) if missing is None and value is not None else None,
        n=max(0, n),
        kind="exact",
        better=better,
        unit=unit,
        missing=missing or NO_SAMPLING,
        summary=summary,
    )
