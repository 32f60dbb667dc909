"""Samples as a table: one record an item and system, in `samples/<scorer>.parquet`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.evaluation.scores import Sample

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_samples", "sample_schema", "samples_to_table"]


def sample_schema(columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of one scorer's samples; `columns` are the names of its values, each a nullable double."""
    import pyarrow as pa

    text = ("system", "row", "slice", "prediction", "target", "prompt_hash", "error", "detail")
    lacks = ("lacks", pa.list_(pa.string()))
    return pa.schema(
        [*((name, pa.string()) for name in text), lacks, *((f"value:{name}", pa.float64()) for name in columns)]
    )


def samples_to_table(system: str, samples: Iterable[Sample], columns: Sequence[str]) -> pa.Table:
    """One system's samples as a table of `sample_schema(columns)`; `detail` is JSON text."""
    import pyarrow as pa

    records = [
        {
            "system": system,
            "row": sample.row,
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
