"""The numbers behind a metric, read off a table of samples, or the reason why they can't be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.evaluation.samples import by_seed, sample_clusters
from seatrial.evaluation.scores import Metric
from seatrial.stats import cluster_index
from seatrial.terminal.figures import figure

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Observation", "Part", "observe"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The numbers of one training seed; of a system without seeds, all of them."""

    values: np.ndarray
    """The column's numbers where it applies, float64."""
    over: np.ndarray | None
    """The denominator's numbers on the same samples, for `ratio_of_means`."""
    clusters: np.ndarray | None
    """The cluster of each value, from 0 up; None where each is its own."""
    columns: np.ndarray | None = None
    """Of kind `corpus`: all columns that the statistic reads, samples × columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What the samples of one system say about one metric, before it is summed up."""

    parts: tuple[Part, ...]
    """One for each training seed; none where `missing` says why there is nothing to use."""
    n: int
    """How many rows the column applies to, usable or not."""
    missing: str | None = None
    """Why no score can be computed."""
    clusters: int | None = None
    """How many clusters the rows form; None where none repeats another."""
    seeds: int | None = None
    """How many seeds the system was trained with; None where it has none."""


def observe(metric: Metric, system: str, samples: pa.Table | None) -> Observation:
    """The numbers behind a metric, or the reason why they can't be used.

    Args:
        metric: which column, and what its numbers must be.
        system: whose samples.
        samples: columns of `seatrial.evaluation.samples.sample_schema`, of any number of systems; None where there are none.
    """
    import pyarrow.compute as pc

    if samples is None or samples.num_rows == 0:
        return Observation((), 0, "there are no samples")
    own = samples.filter(pc.equal(samples["system"], system))
    if own.num_rows == 0:
        return Observation((), 0, f"there are no samples of {system}")
    of_seeds = by_seed(own)
    seeds = None if list(of_seeds) == [None] else len(of_seeds)
    failed = [
        sample
        for sample in _failed(own)
        if not sample["lacks"] or {metric.column, metric.over, *metric.also} & {*sample["lacks"]}
    ]
    if failed:
        why = f"{len(failed)} of {own.num_rows} samples failed; the first, {failed[0]['row']}: {failed[0]['error']}"
        return Observation((), _rows(own, of_seeds), why, seeds=seeds)
    values, missing = _numbers(metric, metric.column, own)
    if values is None:
        return Observation((), 0, missing, seeds=seeds)
    applied = own.filter(pc.is_valid(own[f"value:{metric.column}"]))
    n = _rows(applied, of_seeds)
    missing = (
        missing or _unfit(metric, values) or _uneven(of_seeds) or _denominator(metric, own) or _others(metric, own)
    )
    parts = () if missing else tuple(_parts(metric, of_seeds))
    for seed, part in zip(of_seeds, parts, strict=bool(parts)):
        missing = missing or _undefined(metric, part, f" of seed {seed}" if len(of_seeds) > 1 else "")
    if missing:
        return Observation((), n, missing, seeds=seeds)
    clusters = len(set(sample_clusters(applied)))
    return Observation(parts, n, None, clusters if clusters < n else None, seeds)


def _rows(samples: pa.Table, of_seeds: dict[str | None, pa.Table]) -> int:
    """How many rows were scored, each counted once whatever the seeds."""
    return samples.num_rows if len(of_seeds) == 1 else len(samples["row"].unique())


def _failed(own: pa.Table) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    failed: list[dict[str, Any]] = own.filter(pc.is_valid(own["error"])).select(["row", "error", "lacks"]).to_pylist()
    return failed


def _uneven(of_seeds: dict[str | None, pa.Table]) -> str | None:
    """Which training seed was not scored on the rows that the first one was."""
    (first, one), *others = of_seeds.items()
    rows = sorted(one["row"].to_pylist())
    for seed, other in others:
        if sorted(other["row"].to_pylist()) != rows:
            apart = len(set(rows) ^ set(other["row"].to_pylist()))
            return f"seeds {first} and {seed} were scored on different rows: {apart} only for one of them"
    return None


def _parts(metric: Metric, of_seeds: dict[str | None, pa.Table]) -> Iterator[Part]:
    import numpy as np
    import pyarrow.compute as pc

    for table in of_seeds.values():
        applied = table.filter(pc.is_valid(table[f"value:{metric.column}"]))
        over = _doubles(applied, metric.over) if metric.kind == "ratio_of_means" and metric.over is not None else None
        index = cluster_index(sample_clusters(applied))
        alone = index.size == 0 or int(index.max()) + 1 == index.size
        columns = None
        if metric.kind == "corpus":
            columns = np.stack([_doubles(applied, name) for name in (metric.column, *metric.also)], axis=1)
        yield Part(_doubles(applied, metric.column), over, None if alone else index, columns)


def _doubles(samples: pa.Table, column: str) -> np.ndarray:
    import numpy as np

    return np.asarray(samples[f"value:{column}"].to_numpy(), dtype=np.float64)


def _numbers(metric: Metric, column: str, own: pa.Table) -> tuple[np.ndarray | None, str | None]:
    """The column's numbers where it applies, and what is wrong with them; None where there are none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    name = f"value:{column}"
    if name not in own.column_names:
        return None, f"the samples have no value called {column}"
    cells = own[name]
    if not (pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type)):
        return None, f"the samples' {column} is of type {cells.type}, not a number"
    valid = pc.is_valid(cells)
    values = cells.drop_null().to_numpy().astype(np.float64)
    if values.size == 0:
        return None, f"{column} applies to none of the {own.num_rows} samples"
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = own.filter(valid)["row"][int(np.argmax(wrong))].as_py()
        return values, f"{column} is NaN or infinite in {int(wrong.sum())} of {values.size} samples; the first is {row}"
    if metric.kind == "proportion":
        wrong = (values != 0) & (values != 1)
        if wrong.any():
            first = figure(float(values[int(np.argmax(wrong))]))
            return (
                values,
                f"{column} is neither 0 nor 1 in {int(wrong.sum())} of {values.size} samples, such as {first}",
            )
    return values, None


def _unfit(metric: Metric, values: np.ndarray) -> str | None:
    """What the descriptor and the numbers have against each other."""
    import numpy as np

    if metric.kind == "ratio_of_means" and metric.over is None:
        return f"metric {metric.name} doesn't say what it is a ratio to (`over`)"
    if metric.kind == "percentile" and not (metric.q is not None and 0 < metric.q < 100):
        return f"metric {metric.name} doesn't say which percentile it is (`q`, between 0 and 100)"
    if metric.kind in {"mean", "ratio_of_means"} and metric.limits is not None:
        low, high = metric.limits
        if not (low < high and np.isfinite([low, high, high - low]).all()):
            return (
                f"metric {metric.name} has the limits {low:g} and {high:g}; they must be numbers, the lower one first"
            )
        return _outside(metric.column, metric.limits, values)
    return None


def _outside(column: str, limits: tuple[float, float], values: np.ndarray) -> str | None:
    low, high = limits
    outside = int(((values < low) | (values > high)).sum())
    return f"{column} is outside {low:g} to {high:g} in {outside} of {values.size} samples" if outside else None


def _denominator(metric: Metric, own: pa.Table) -> str | None:
    """What is wrong with the other column of a ratio."""
    import pyarrow.compute as pc

    if metric.kind != "ratio_of_means" or metric.over is None:
        return None
    values, missing = _numbers(metric, metric.over, own)
    if values is not None and metric.limits is not None:
        missing = missing or _outside(metric.over, metric.limits, values)
    if missing:
        return missing
    both = (pc.is_valid(own[f"value:{name}"]) for name in (metric.column, metric.over))
    apart = pc.sum(pc.xor(*both)).as_py()
    if apart:
        return f"{metric.column} and {metric.over} apply to different samples: {apart} have only one of them"
    return None


def _others(metric: Metric, own: pa.Table) -> str | None:
    """What is wrong with the columns that a statistic reads beside its first."""
    import pyarrow.compute as pc

    applied = own.filter(pc.is_valid(own[f"value:{metric.column}"]))
    for name in metric.also:
        values, missing = _numbers(metric, name, applied)
        if missing or values is None:
            return missing
        if values.size < applied.num_rows:
            return f"{applied.num_rows - values.size} of {applied.num_rows} samples have {metric.column} and no {name}"
    return None


def _undefined(metric: Metric, part: Part, of_seed: str) -> str | None:
    if part.values.size == 0:
        return f"{metric.column} applies to none of the samples{of_seed}"
    if part.over is not None and part.over.mean() == 0:
        return f"the mean of {metric.over}{of_seed} is 0, so the ratio is undefined"
    return None
