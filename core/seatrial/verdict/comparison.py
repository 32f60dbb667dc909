"""Two systems on the same items: aligned by row, or the reason why they cannot be compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.evaluation.scores import Kind, Metric
from seatrial.evaluation.summary import TOO_LARGE, observe
from seatrial.stats import BoundedMean, Estimate, Mean, PairedDifference, mcnemar_exact, minimum_detectable_difference
from seatrial.terminal.figures import figure

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["COMPARABLE", "Comparison", "compare"]

COMPARABLE: tuple[Kind, ...] = ("proportion", "mean")
"""The kinds whose difference has a paired test. Timings and ratios are held against thresholds instead."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the subject is than the other system on the same items."""

    improvement: Estimate
    """Positive where the subject is better, whichever way better is."""
    subject_value: float
    other_value: float
    note: str
    """The test beside the bounds, in words: `better on 16 items and worse on 6, exact one-sided McNemar p = 0.026`."""
    detectable: float
    """The smallest true difference that these items would show, one-sided at 95% with 80% power."""


def compare(
    metric: Metric,
    subject: tuple[str, pa.Table | None],
    other: tuple[str, pa.Table | None],
    *,
    same_prompts: bool,
    other_name: str | None = None,
) -> Comparison | str:
    """Compare two systems item by item, or say why that can't be done.

    Both must have scored exactly the same rows, each once, with the same targets, and the metric must apply to the same
    rows of both.

    Args:
        metric: of a kind in `COMPARABLE`.
        subject: the system on trial, and samples that hold its own.
        other: the system that it is compared with, and samples that hold its own.
        same_prompts: whether both must have been given the very same prompts, by their digests. True for the base and
            for an earlier run; not for few-shot systems and classifiers, which are given something else by design.
        other_name: how sentences call the other system, where its name alone would mislead (an earlier run's).
    """
    import pyarrow.compute as pc

    if metric.kind not in COMPARABLE:
        return f"a {metric.kind} has no paired test; it can be held against a threshold"
    names = (subject[0], other_name or other[0])
    tables = []
    for name, (system, samples) in zip(names, (subject, other), strict=True):
        observation = observe(metric, system, samples)
        if observation.missing is not None:
            return f"{name}: {observation.missing}"
        assert samples is not None
        tables.append(samples.filter(pc.equal(samples["system"], system)).sort_by("row"))
    problem = _misaligned(metric, tables, names, same_prompts=same_prompts)
    if problem:
        return problem
    ours, theirs = (table[f"value:{metric.column}"].drop_null().to_numpy().astype("float64") for table in tables)
    return _improvement(metric, ours, theirs)


def _misaligned(metric: Metric, tables: list[pa.Table], names: tuple[str, str], *, same_prompts: bool) -> str | None:
    """Why two tables, each sorted by row, aren't about the same items."""
    import pyarrow.compute as pc

    ours, theirs = tables
    for table, name in zip(tables, names, strict=True):
        distinct = pc.count_distinct(table["row"]).as_py()
        if distinct != table.num_rows:
            return f"{name} has {table.num_rows} samples of {distinct} rows, so rows can't be paired"
    if not ours["row"].equals(theirs["row"]):
        missing = [
            pc.sum(pc.invert(pc.is_in(a["row"], b["row"].combine_chunks()))).as_py()
            for a, b in ((ours, theirs), (theirs, ours))
        ]
        return f"they were scored on different rows: {missing[0]} only for {names[0]}, {missing[1]} only for {names[1]}"
    columns = [("target", "targets"), *([("prompt_hash", "prompts")] if same_prompts else [])]
    for column, plural in columns:
        apart = sum(a != b for a, b in zip(ours[column].to_pylist(), theirs[column].to_pylist(), strict=True))
        if apart:
            return f"{apart} of {ours.num_rows} rows have different {plural} for {names[0]} and {names[1]}"
    applies = [pc.is_valid(table[f"value:{metric.column}"]) for table in tables]
    apart = pc.sum(pc.xor(*applies)).as_py()
    if apart:
        return f"{metric.column} applies to only one of {names[0]} and {names[1]} in {apart} of {ours.num_rows} rows"
    return None


def _improvement(metric: Metric, ours: np.ndarray, theirs: np.ndarray) -> Comparison | str:
    import numpy as np

    sign = 1.0 if metric.better == "higher" else -1.0
    with np.errstate(over="ignore", invalid="ignore"):
        differences = sign * (ours - theirs)
        subject_value, other_value = float(ours.mean()), float(theirs.mean())
    if not np.isfinite([*differences, subject_value, other_value]).all():
        return TOO_LARGE
    n = int(differences.size)
    spread = Mean.of(differences)
    if not math.isfinite(spread.variance):
        return TOO_LARGE
    improvement: Estimate
    if metric.kind == "proportion":
        better, worse = int((differences > 0).sum()), int((differences < 0).sum())
        improvement = PairedDifference(better, worse, n)
        p = mcnemar_exact(better, worse, sides=1)  # as gates decide: one side at a time
        note = f"better on {better} items and worse on {worse}, exact one-sided McNemar {_p_value(p)}"
    else:
        improvement = spread
        if metric.limits is not None:
            width = metric.limits[1] - metric.limits[0]
            improvement = BoundedMean.of(np.clip(differences, -width, width), (-width, width))
        note = f"mean of {n} paired differences"
    return Comparison(
        improvement,
        subject_value,
        other_value,
        note,
        minimum_detectable_difference(spread.variance, n),
    )


def _p_value(p: float) -> str:
    """A p-value as papers print it: one too small to show is not shown as none."""
    return f"p = {figure(p)}" if p >= 0.001 else "p < 0.001"
