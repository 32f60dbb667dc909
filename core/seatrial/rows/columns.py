"""Columns: rows as Arrow tables and back, column by column: a dictionary for each row takes ten times as long."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from seatrial.rows.encoding import details_of, encoded, expected_from, remainder_of, turn_from
from seatrial.rows.row import Row
from seatrial.rows.turn import Turn

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["row_schema", "rows_of", "rows_to_table"]

_SAID = ("role", "content", "details")
_ORIGIN = ("id", "format", "source", "file", "line", "slice", "group", "split")
_EXPECTED = ("label", "expected", "tools")


def row_schema() -> pa.Schema:
    """The Arrow schema of rows between stages and in `data/*.parquet`.

    `details`, `expected` and `tools` are JSON texts (`seatrial.rows.encoding`), null where there is nothing to say beyond
    a turn's words, beyond a row's label, choices and last turn, and where a row has no tools.
    """
    import pyarrow as pa

    turn = pa.struct([(name, pa.string()) for name in _SAID])
    return pa.schema(
        [
            ("id", pa.string()),
            ("turns", pa.list_(turn)),
            ("format", pa.string()),
            ("source", pa.string()),
            ("file", pa.string()),
            ("line", pa.int64()),
            ("label", pa.string()),
            ("choices", pa.list_(pa.string())),
            ("expected", pa.string()),
            ("tools", pa.string()),
            ("slice", pa.string()),
            ("group", pa.string()),
            ("split", pa.string()),
        ]
    )


def rows_to_table(rows: Sequence[Row]) -> pa.Table:
    """An Arrow table of `row_schema()`."""
    import pyarrow as pa

    schema = row_schema()
    turns = [turn for row in rows for turn in row.turns]
    said = [
        pa.array([turn.role for turn in turns], pa.string()),
        pa.array([turn.content for turn in turns], pa.string()),
        pa.array([details_of(turn) or None for turn in turns], pa.string()),
    ]
    columns = {name: pa.array([getattr(row, name) for row in rows], schema.field(name).type) for name in _ORIGIN}
    columns["turns"] = pa.ListArray.from_arrays(
        _ends(len(row.turns) for row in rows), pa.StructArray.from_arrays(said, names=list(_SAID))
    )
    choices = [row.choices for row in rows]
    columns["choices"] = pa.ListArray.from_arrays(
        _ends(map(len, choices)), pa.array([choice for offered in choices for choice in offered], pa.string())
    )
    columns["label"] = pa.array([row.label for row in rows], pa.string())
    columns["expected"] = pa.array([remainder_of(row.expected, row.turns) or None for row in rows], pa.string())
    columns["tools"] = pa.array([encoded(list(row.tools)) if row.tools else None for row in rows], pa.string())
    return pa.Table.from_arrays([columns[field.name] for field in schema], schema=schema)


def _ends(lengths: Iterable[int]) -> pa.Array:
    """Where lists of those lengths end, after a 0 where the first starts."""
    import pyarrow as pa

    return pa.array(accumulate(lengths, initial=0), pa.int32())


def rows_of(table: pa.Table) -> list[Row]:
    """The rows of a table of `row_schema()`."""
    rows: list[Row] = []
    for batch in table.to_batches():
        turns, of_turns = _lists(batch.column("turns"))
        said = _turns(turns)
        choices, of_choices = _lists(batch.column("choices"))
        offered = choices.to_pylist()
        columns = [_values(batch.column(name)) for name in (*_ORIGIN, *_EXPECTED)]
        for place, (name, form, source, file, line, part, group, split, label, more, tools) in enumerate(
            zip(*columns, strict=True)
        ):
            of_row = tuple(said[of_turns[place] : of_turns[place + 1]])
            options = offered[of_choices[place] : of_choices[place + 1]]
            expected = expected_from(label, options, more, of_row)
            listed = tuple(json.loads(tools)) if tools else ()
            rows.append(Row(name, of_row, form, source, file, line, expected, part, group, split, listed))
    return rows


def _turns(structs: pa.StructArray) -> list[Turn]:
    roles, contents, details = (structs.field(name) for name in _SAID)
    if details.null_count == len(details):
        return list(map(Turn, roles.to_pylist(), contents.to_pylist()))
    return list(map(turn_from, roles.to_pylist(), contents.to_pylist(), details.to_pylist()))


def _values(column: pa.Array) -> list[Any]:
    return [None] * len(column) if column.null_count == len(column) else column.to_pylist()


def _lists(column: pa.ListArray) -> tuple[pa.Array, list[int]]:
    """The values of a column of lists, one after the other, and where each list starts and ends."""
    offsets = column.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]  # of a slice, `values` are still those of the whole
    return column.values.slice(first, last - first), [offset - first for offset in offsets]
