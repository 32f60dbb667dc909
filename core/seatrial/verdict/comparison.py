"""Two systems on the same items: paired row by row, or the reason why they cannot be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.evaluation.observation import observe
from seatrial.evaluation.samples import by_seed
from seatrial.evaluation.scores import Kind, Metric
from seatrial.evaluation.summary import TOO_LARGE
from seatrial.stats import (
    BoundedMean,
    ClusteredMean,
    Estimate,
    Mean,
    PairedDifference,
    SeedMean,
    SeedScores,
    clustered_standard_error,
    mcnemar_exact,
    minimum_detectable_difference,
)
from seatrial.terminal.figures import figure
from seatrial.verdict.pairing import Pairs, align

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COMPARABLE", "PairedComparison", "compare"]

COMPARABLE: tuple[Kind, ...] = ("proportion", "mean")
"""The kinds whose difference has a paired test. Timings and ratios are held against thresholds instead."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """How much better the subject is than the other system on the same items."""

    improvement: Estimate
    """Positive where the subject is better, whichever way better is."""
    subject_value: float
    other_value: float
    note: str
    """The test beside the bounds, in words: `better on 16 items and worse on 6, exact one-sided McNemar p = 0.026`."""
    detectable: float | None
    """The smallest true difference that these items would show, one-sided at 95% with 80% power.

    None where one cluster shows no spread, and where systems have training seeds, of which more would be needed too.
    """
    n: int
    """How many rows are paired."""
    clusters: int | None = None
    """How many clusters these form; None where none repeats another."""
    seeds: int | None = None
    """How many training seeds the subject has; None where it has none."""


def compare(
    metric: Metric,
    subject: tuple[str, pa.Table | None],
    other: tuple[str, pa.Table | None],
    *,
    same_prompts: bool,
    subject_name: str | None = None,
    other_name: str | None = None,
) -> PairedComparison | str:
    """Compare two systems item by item, or say why that can't be done.

    Both must have scored exactly the same rows, each once, with the same targets, and the metric must apply to the same
    rows of both. Of a system with training seeds, each seed's rows are paired with the other system's, or with those of each of
    its seeds.

    Args:
        metric: of a kind in `COMPARABLE`.
        subject: the system on trial, and samples that hold its own.
        other: the system that it is compared with, and samples that hold its own.
        same_prompts: whether both must have been given the very same prompts, by their digests. True for the base and
            for an earlier run; not for few-shot systems and classifiers, which are given something else by design.
        subject_name: how sentences call the system on trial, where that is not by its name.
        other_name: how they call the other system, where its name alone would mislead (an earlier run's).
    """
    import pyarrow.compute as pc

    if metric.kind not in COMPARABLE:
        return f"a {metric.kind} has no paired test; it can be held against a threshold"
    names = (subject_name or subject[0], other_name or other[0])
    sides: list[list[pa.Table]] = []
    seeds = []
    for name, (system, samples) in zip(names, (subject, other), strict=True):
        observation = observe(metric, system, samples)
        if observation.missing is not None:
            return f"{name}: {observation.missing}"
        assert samples is not None
        own = samples.filter(pc.equal(samples["system"], system))
        sides.append([table.sort_by("row") for table in by_seed(own).values()])
        seeds.append(observation.seeds)
    pairs: list[list[Pairs]] = []
    for ours in sides[0]:
        pairs.append([])
        for theirs in sides[1]:
            found = align(metric, (ours, theirs), names, same_prompts=same_prompts)
            if isinstance(found, str):
                return found
            pairs[-1].append(found)
    return _compared(metric, pairs, seeds[0])


def _compared(metric: Metric, pairs: Sequence[Sequence[Pairs]], seeds: int | None) -> PairedComparison | str:
    """The comparison of every seed of the subject (a row of `pairs`) with every one of the other system (a column)."""
    first = pairs[0][0]
    n, clusters = first.ours.size, None if first.clusters is None else int(first.clusters.max()) + 1
    every = [pair for row in pairs for pair in row]
    estimates = []
    for pair in every:
        found = _improvement(metric, pair)
        if isinstance(found, str):
            return found
        estimates.append(found)
    ours = [float(row[0].ours.mean()) for row in pairs]
    theirs = [float(pair.theirs.mean()) for pair in pairs[0]]
    values = math.fsum(ours) / len(ours), math.fsum(theirs) / len(theirs)
    if len(every) == 1:
        note, detectable = _note(metric, first, clusters), _detectable(metric, first)
        return PairedComparison(estimates[0], *values, note, detectable, n, clusters, seeds)
    limits = (0.0, 1.0) if metric.kind == "proportion" else metric.limits
    scores = [SeedScores(tuple(means), limits) for means in (ours, theirs)]
    signed = (scores[0], scores[1].negated()) if metric.better == "higher" else (scores[0].negated(), scores[1])
    improvement = SeedMean(tuple(estimates), tuple(one for one in signed if len(one.values) > 1))
    note = f"mean of {len(every)} paired comparisons, one for each seed"
    return PairedComparison(improvement, *values, note, None, n, clusters, seeds)


def _improvement(metric: Metric, pairs: Pairs) -> Estimate | str:
    """The estimate of how much better ours are, or that the numbers are too large for one."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        differences = pairs.improvements(metric)
        finite = np.isfinite([*differences, pairs.ours.mean(), pairs.theirs.mean(), differences.var()]).all()
    if not finite:
        return TOO_LARGE
    limits = (0.0, 1.0) if metric.kind == "proportion" else metric.limits
    if metric.kind == "proportion" and pairs.clusters is None:
        return PairedDifference(int((differences > 0).sum()), int((differences < 0).sum()), int(differences.size))
    if limits is not None:
        width = limits[1] - limits[0]
        return BoundedMean.of(np.clip(differences, -width, width), (-width, width), pairs.clusters)
    return Mean.of(differences) if pairs.clusters is None else ClusteredMean.of(differences, pairs.clusters)


def _note(metric: Metric, pairs: Pairs, clusters: int | None) -> str:
    differences = pairs.improvements(metric)
    within = f" in {clusters} cluster{'s' if clusters > 1 else ''}" if clusters is not None else ""
    if metric.kind != "proportion":
        return f"mean of {differences.size} paired differences{within}"
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    counted = f"better on {better} items and worse on {worse}"
    if clusters is not None:
        return f"{counted}{within}"  # McNemar's test takes each item for another
    p = mcnemar_exact(better, worse, sides=1)  # as gates decide: one side at a time
    return f"{counted}, exact one-sided McNemar {_p_value(p)}"


def _detectable(metric: Metric, pairs: Pairs) -> float | None:
    differences = pairs.improvements(metric)
    if pairs.clusters is None:
        return minimum_detectable_difference(Mean.of(differences).variance, int(differences.size))
    if not pairs.clusters.any():
        return None
    return minimum_detectable_difference(clustered_standard_error(differences, pairs.clusters) ** 2, 1)


def _p_value(p: float) -> str:
    """A p-value as papers print it: one too small to show is not shown as none."""
    return f"p = {figure(p)}" if p >= 0.001 else "p < 0.001"
