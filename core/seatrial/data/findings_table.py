"""Findings in columns: a million of them take some hundred megabytes less than as many objects would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from seatrial.data.findings import Finding, Span
from seatrial.data.ledger import span_type, spans_to_array
from seatrial.rows.storable import storable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["findings_of", "findings_to_table", "positions"]

_CHUNK = 5_000
"""Findings that are held as objects."""


def findings_to_table(findings: Iterable[Finding]) -> pa.Table:
    """A table of the findings: `row`, `rule`, `detail`, `score`, `spans`, `matched_row`, `matched_text`.

    Read a few thousand at a time, so an iterable that makes them as it goes never holds them all.
    """
    import pyarrow as pa

    schema = pa.schema(
        [
            ("row", pa.string()),
            ("rule", pa.string()),
            ("detail", pa.string()),
            ("score", pa.float64()),
            ("spans", pa.list_(span_type())),
            ("matched_row", pa.string()),
            ("matched_text", pa.string()),
        ]
    )
    given = iter(findings)
    batches = []
    while chunk := list(islice(given, _CHUNK)):
        columns = [
            spans_to_array([finding.spans for finding in chunk])
            if field.name == "spans"
            else pa.array([_kept(getattr(finding, field.name)) for finding in chunk], field.type)
            for field in schema
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return pa.Table.from_batches(batches, schema)


def _kept(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


def findings_of(table: pa.Table) -> Iterator[Finding]:
    """The findings of such a table, one after the other."""
    for batch in table.to_batches(max_chunksize=_CHUNK):
        for record in batch.to_pylist():
            yield Finding(**{**record, "spans": tuple(Span(**span) for span in record["spans"])})


def positions(names: pa.ChunkedArray, ids: pa.ChunkedArray) -> np.ndarray:
    """Shape [names]: the place of each name in `ids`, -1 where it is none of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(names, value_set=pa.concat_arrays(ids.chunks) if ids.num_chunks else pa.array([], pa.string()))
    places: np.ndarray = found.fill_null(-1).to_numpy()
    return places
