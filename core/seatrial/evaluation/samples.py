"""Samples as a table: one record an item, system and training seed, in `samples/<scorer>.parquet`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.evaluation.scores import Sample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["by_seed", "read_samples", "sample_clusters", "sample_schema", "samples_to_table"]


def sample_schema(columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of one scorer's samples; `columns` are the names of its values, each a nullable double.

    `cluster` is equal for rows that repeat each other (they say the same, or belong to one group); a row without one stands
    for itself. `seed` is the one that the system was trained with; null for a system that has none.
    """
    import pyarrow as pa

    text = ("system", "seed", "row", "cluster", "slice", "prediction", "target", "prompt_hash", "error", "detail")
    lacks = ("lacks", pa.list_(pa.string()))
    return pa.schema(
        [*((name, pa.string()) for name in text), lacks, *((f"value:{name}", pa.float64()) for name in columns)]
    )


def samples_to_table(
    system: str,
    samples: Iterable[Sample],
    columns: Sequence[str],
    *,
    clusters: Mapping[str, str] | None = None,
    seed: int | None = None,
) -> pa.Table:
    """One system's samples as a table of `sample_schema(columns)`; `detail` is JSON text.

    Args:
        system: whose they are.
        samples: of one training seed.
        columns: the names of the values that are kept.
        clusters: row id → the cluster that the row belongs to; one that is not named stands for itself.
        seed: the seed that the system was trained with; None for a system that has none.
    """
    import pyarrow as pa

    known = clusters or {}
    records = [
        {
            "system": system,
            "seed": None if seed is None else str(seed),
            "row": sample.row,
            "cluster": known.get(sample.row),
            "slice": sample.slice,
            "prediction": sample.prediction,
            "target": sample.target,
            "prompt_hash": sample.prompt_hash,
            "error": sample.error,
            "lacks": list(sample.lacks),
            "detail": json.dumps(dict(sample.detail), ensure_ascii=False, sort_keys=True),
            **{f"value:{name}": sample.values.get(name) for name in columns},
        }
        for sample in samples
    ]
    return pa.Table.from_pylist(records, schema=sample_schema(columns))


def read_samples(path: Path) -> pa.Table:
    """The saved samples of one scorer. A column that an earlier version did not write yet is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa.concat_tables([sample_schema(()).empty_table(), pq.read_table(path)], promote_options="default")


def sample_clusters(samples: pa.Table) -> list[tuple[str, str | None]]:
    """The cluster of each sample: that which is named, or the row itself."""
    rows = samples["row"].to_pylist()
    if "cluster" not in samples.column_names:
        return [("row", row) for row in rows]
    named = samples["cluster"].to_pylist()
    return [("row", row) if name is None else ("cluster", name) for row, name in zip(rows, named, strict=True)]


def by_seed(samples: pa.Table) -> dict[str | None, pa.Table]:
    """One system's samples, by the seed that it was trained with, in the order in which these are met."""
    import pyarrow.compute as pc

    if "seed" not in samples.column_names:
        return {None: samples}
    seeds = list(dict.fromkeys(samples["seed"].to_pylist())) or [None]
    if len(seeds) == 1:
        return {seeds[0]: samples}
    return {
        seed: samples.filter(pc.is_null(samples["seed"]) if seed is None else pc.equal(samples["seed"], seed))
        for seed in seeds
    }
