"""Records: what presets find in a batch of train rows, as an Arrow table that any process can make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from seatrial import Row, Span
from seatrial_plugins.decontamination import UNREAD
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.overlap import Found, Preset
from seatrial_plugins.decontamination.texts import stretch

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["QUOTED", "FoundBy", "records_of", "records_of_unread", "records_schema"]

QUOTED = 200
"""Characters of the shared text that a finding quotes."""


def records_schema() -> pa.Schema:
    """The Arrow schema of records."""
    import pyarrow as pa

    span = pa.struct([("turn", pa.int32()), ("start", pa.int32()), ("end", pa.int32())])
    return pa.schema(
        [
            ("preset", pa.string()),
            ("row", pa.string()),
            ("item", pa.int32()),
            ("score", pa.float64()),
            ("in_item", pa.list_(pa.int32())),
            ("spans", pa.list_(span)),
            ("quote", pa.string()),
            ("also", pa.list_(pa.int32())),
        ]
    )


def records_of(batch: Batch, presets: Iterable[Preset]) -> pa.Table:
    """What the presets find, preset by preset, each by row."""
    import pyarrow as pa

    records = [record for preset in presets for record in _records(batch, preset)]
    return pa.Table.from_pylist(records, schema=records_schema())


def records_of_unread(rows: Iterable[Row]) -> pa.Table:
    """The train rows that an encoder cannot read: records of no preset and no item."""
    import pyarrow as pa

    return pa.Table.from_pylist([{"preset": UNREAD, "row": row.id} for row in rows], schema=records_schema())


def _records(batch: Batch, preset: Preset) -> Iterator[dict[str, Any]]:
    for overlap in preset.find(batch):
        row = batch.rows[overlap.row]
        spans = preset.spans(row, overlap.in_row)
        quote = stretch(row, spans)
        yield {
            "preset": preset.name,
            "row": row.id,
            "item": overlap.item,
            "score": overlap.score,
            "in_item": None if overlap.in_item is None else list(chain.from_iterable(overlap.in_item)),
            "spans": [{"turn": span.turn, "start": span.start, "end": span.end} for span in spans],
            "quote": quote[:QUOTED] if quote else None,
            "also": list(overlap.also),
        }


@dataclass(frozen=True, slots=True)
class FoundBy:
    """One preset's records of all batches, in the order of the train rows (`Overlaps`)."""

    preset: str
    table: pa.Table

    def __iter__(self) -> Iterator[Found]:
        import pyarrow.compute as pc

        for batch in self.table.to_batches():
            for record in batch.filter(pc.equal(batch["preset"], self.preset)).to_pylist():
                yield _found(record)


def _found(record: Mapping[str, Any]) -> Found:
    numbers = record["in_item"]
    return Found(
        row=record["row"],
        item=record["item"],
        score=record["score"],
        in_item=None if numbers is None else tuple(zip(numbers[::2], numbers[1::2], strict=True)),
        spans=tuple(Span(span["turn"], span["start"], span["end"]) for span in record["spans"]),
        quote=record["quote"],
        also=tuple(record["also"]),
    )
