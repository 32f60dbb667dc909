"""From samples to scores: how a column of a samples table becomes one number with its n and interval.

A run, `seatrial gate` and every report compute it here. A failed sample, a number that isn't one, or an empty column
leaves the score missing, with the reason; it never becomes zero and is never left out quietly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from seatrial.evaluation.scores import Interval, Kind, Metric, Score
from seatrial.stats import BoundedMean, Drop, Estimate, Mean, PairedDrop, Percentile, Proportion, wilson_interval
from seatrial.terminal.figures import figure

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["CENSUS", "DATA", "Observation", "applies", "estimate", "exact_score", "observe", "summarise"]

LEVEL = 0.95
"""The confidence of the two-sided intervals that are shown."""

CENSUS: tuple[Kind, ...] = ("maximum", "exact")
"""The kinds that are known outright: no sampling, so no interval, and a gate decides on the value."""

DATA = "data"
"""The system that counts of the data stages are scores of."""

NO_SAMPLING = "no interval: a census of what was run, without sampling error"
TOO_LARGE = "the numbers are too large to be summed up"


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What the samples of one system say about one metric, before it is summed up."""

    values: np.ndarray
    """The column's numbers where it applies, float64; empty where `missing` says why there are none to use."""
    over: np.ndarray | None
    """The denominator's numbers on the same samples, for `ratio_of_means`."""
    n: int
    """How many samples the column applies to, usable or not."""
    missing: str | None = None
    """Why no score can be computed."""


def observe(metric: Metric, system: str, samples: pa.Table | None) -> Observation:
    """The numbers behind a metric, or the reason why they can't be used.

    Args:
        metric: which column, and what its numbers must be.
        system: whose samples.
        samples: columns of `seatrial.evaluation.samples.sample_schema`, of any number of systems; None where there are none.
    """
    import numpy as np
    import pyarrow.compute as pc

    nothing = np.empty(0)
    if samples is None or samples.num_rows == 0:
        return Observation(nothing, None, 0, "there are no samples")
    own = samples.filter(pc.equal(samples["system"], system))
    if own.num_rows == 0:
        return Observation(nothing, None, 0, f"there are no samples of {system}")
    failed = [
        sample for sample in _failed(own) if not sample["lacks"] or {metric.column, metric.over} & {*sample["lacks"]}
    ]
    if failed:
        why = f"{len(failed)} of {own.num_rows} samples failed; the first, {failed[0]['row']}: {failed[0]['error']}"
        return Observation(nothing, None, own.num_rows, why)
    values, n, missing = _numbers(metric, metric.column, own)
    missing = missing or _unfit(metric, values)
    if missing is not None or metric.kind != "ratio_of_means":
        return Observation(values, None, n, missing)
    assert metric.over is not None
    over, _, missing = _numbers(metric, metric.over, own)
    if missing is None:
        applies, applies_over = (pc.is_valid(own[f"value:{name}"]) for name in (metric.column, metric.over))
        apart = pc.sum(pc.xor(applies, applies_over)).as_py()
        if apart:
            missing = f"{metric.column} and {metric.over} apply to different samples: {apart} have only one of them"
        elif over.mean() == 0:
            missing = f"the mean of {metric.over} is 0, so the ratio is undefined"
    return Observation(values, over, n, missing)


def _failed(own: pa.Table) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    failed: list[dict[str, Any]] = own.filter(pc.is_valid(own["error"])).select(["row", "error", "lacks"]).to_pylist()
    return failed


def _numbers(metric: Metric, column: str, own: pa.Table) -> tuple[np.ndarray, int, str | None]:
    """The column's numbers where it applies, how many, and what is wrong with them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = np.empty(0)
    name = f"value:{column}"
    if name not in own.column_names:
        return nothing, 0, f"the samples have no value called {column}"
    cells = own[name]
    if not (pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)):
        return nothing, 0, f"the samples' {column} is of type {cells.type}, not a number"
    valid = pc.is_valid(cells)
    values = cells.drop_null().to_numpy().astype(np.float64)
    if values.size == 0:
        return nothing, 0, f"{column} applies to none of the {own.num_rows} samples"
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = own.filter(valid)["row"][int(np.argmax(wrong))].as_py()
        count = int(wrong.sum())
        missing = f"{column} is NaN or infinite in {count} of {values.size} samples; the first is {row}"
        return nothing, int(values.size), missing
    if metric.kind == "proportion":
        wrong = (values != 0) & (values != 1)
        if wrong.any():
            first = figure(float(values[int(np.argmax(wrong))]))
            missing = f"{column} is neither 0 nor 1 in {int(wrong.sum())} of {values.size} samples, such as {first}"
            return nothing, int(values.size), missing
    return values, int(values.size), None


def _unfit(metric: Metric, values: np.ndarray) -> str | None:
    """What the descriptor and the numbers have against each other."""
    if metric.kind == "ratio_of_means" and metric.over is None:
        return f"metric {metric.name} doesn't say what it is a ratio to (`over`)"
    if metric.kind == "percentile" and not (metric.q is not None and 0 < metric.q < 100):
        return f"metric {metric.name} doesn't say which percentile it is (`q`, between 0 and 100)"
    if metric.kind == "mean" and metric.limits is not None:
        low, high = metric.limits
        if not low < high:
            return f"metric {metric.name} has the limits {low:g} and {high:g}, the lower of which must come first"
        outside = int(((values < low) | (values > high)).sum())
        if outside:
            return f"{metric.column} is outside {low:g} to {high:g} in {outside} of {values.size} samples"
    return None


def estimate(metric: Metric, observation: Observation) -> Estimate:
    """The metric's estimate, with the bounds that gates decide on.

    Raises:
        ValueError: the observation is missing, or the metric's kind is a census, which has no sampling error.
    """
    if observation.missing is not None:
        raise ValueError(f"{metric.name}: {observation.missing}")
    values, over = observation.values, observation.over
    if metric.kind == "proportion":
        return Proportion(int(values.sum()), int(values.size))
    if metric.kind == "mean":
        return Mean.of(values) if metric.limits is None else BoundedMean.of(values, metric.limits)
    if metric.kind == "percentile":
        assert metric.q is not None
        return Percentile.of(values, metric.q)
    if metric.kind == "ratio_of_means":
        assert over is not None
        if ((values == 0) | (values == 1)).all() and ((over == 0) | (over == 1)).all():
            both = int((values * over).sum())
            return PairedDrop(both, int(values.sum()) - both, int(over.sum()) - both, int(values.size))
        return Drop.of(values, over)
    raise ValueError(f"{metric.name}: a {metric.kind} is not estimated")


def applies(metric: Metric, samples: pa.Table | None) -> bool:
    """Whether the metric says anything of a system: a classifier that only names a label has no likelihoods."""
    if samples is None or f"value:{metric.column}" not in samples.column_names:
        return True  # something is wrong, which the comparison or the score says
    column = samples[f"value:{metric.column}"]
    return bool(column.null_count < len(column) or samples["error"].null_count < len(samples))


def summarise(metric: Metric, scorer: str, system: str, samples: pa.Table | None) -> Score:
    """One metric of one system, from the samples of its scorer.

    `None` among the values means that the metric doesn't apply to that sample, which is then left out of n. One
    failed sample, a NaN or an infinite number makes the score missing, and so does a column without any value.

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
    )


def _sum_up(metric: Metric, observation: Observation) -> tuple[float | None, Interval | None, str | None]:
    """Value, two-sided interval, and why one of them is None."""
    import numpy as np

    if observation.missing is not None:
        return None, None, observation.missing
    if metric.kind in CENSUS:
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(observation.values.max() if metric.kind == "maximum" else observation.values.sum())
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
