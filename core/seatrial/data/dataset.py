"""The dataset that is handed on: cleaned rows in layouts that other programs read, and that seatrial reads again.

    layout        where                          keys
    text-label    every row is of that format    text, label
    choice        every row is of that format    question, choices, answer (the index of the right choice)
    messages      any other rows                 messages: [{role, content, …}, …]

Beside these each record has `id`, `source`, `file`, `line`, `slice` and `group`. One layout serves all splits, so that a
program that loads them meets one set of columns. In JSONL a message holds all that its source said of it (`tool_calls`,
`name`); Parquet needs one type for all rows, so there it stands in `extra`, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seatrial.rows import Row, Turn
from seatrial.rows.table import TableWriter, rows_of
from seatrial.runs.store import atomic_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Layout", "dataset_schema", "layout_of", "record_of", "write_jsonl", "write_parquet"]

Layout = Literal["text-label", "choice", "messages"]


def layout_of(formats: Collection[str]) -> Layout:
    """The layout for rows of these formats."""
    return "text-label" if {*formats} == {"text-label"} else "choice" if {*formats} == {"choice"} else "messages"


def record_of(row: Row, layout: Layout) -> dict[str, Any]:
    """The row as a JSON object."""
    return {"id": row.id, **_said(row, layout), **_origin(row)}


def _said(row: Row, layout: Layout) -> dict[str, Any]:
    if layout == "text-label":
        return {"text": row.input_text, "label": row.label}
    if layout == "choice":
        right = row.choices.index(row.target) if row.target in row.choices else None
        return {"question": row.input_text, "choices": list(row.choices), "answer": right}
    return {"messages": [{"role": turn.role, "content": turn.content, **_extra(turn)} for turn in row.turns]}


def _extra(turn: Turn) -> dict[str, Any]:
    return json.loads(turn.extra) if turn.extra else {}


def _origin(row: Row) -> dict[str, Any]:
    return {"source": row.source, "file": row.file, "line": row.line, "slice": row.slice, "group": row.group}


def dataset_schema(layout: Layout) -> pa.Schema:
    """The Arrow schema of the Parquet files."""
    import pyarrow as pa

    text = pa.string()
    message = pa.struct([("role", text), ("content", text), ("extra", text)])
    said: dict[Layout, list[tuple[str, pa.DataType]]] = {
        "text-label": [("text", text), ("label", text)],
        "choice": [("question", text), ("choices", pa.list_(text)), ("answer", pa.int64())],
        "messages": [("messages", pa.list_(message))],
    }
    origin = [("source", text), ("file", text), ("line", pa.int64()), ("slice", text), ("group", text)]
    return pa.schema([("id", text), *said[layout], *origin])


def write_jsonl(path: Path, rows: Iterable[Row], layout: Layout) -> None:
    """Write a record a line, atomically."""
    with atomic_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps(record_of(row, layout), ensure_ascii=False, allow_nan=False) + "\n")


def write_parquet(path: Path, tables: Iterable[pa.Table], layout: Layout) -> None:
    """Write tables of `seatrial.rows.row_schema()` in the layout as Parquet, table by table and atomically."""
    with TableWriter.open(path, dataset_schema(layout)) as writer:
        for table in tables:
            writer.write(_in_layout(table, layout))


def _in_layout(table: pa.Table, layout: Layout) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = dataset_schema(layout)
    columns = {name: table[name] for name in schema.names if name in table.column_names}
    if layout == "messages":
        columns["messages"] = table["turns"]
    else:
        first = pc.struct_field(pc.list_element(table["turns"], 0), "content")
        columns["text" if layout == "text-label" else "question"] = first
    if layout == "choice":
        rights = [_said(row, layout)["answer"] for row in rows_of(table)]
        columns["answer"] = pa.array(rights, pa.int64())
    return pa.table([columns[name] for name in schema.names], schema=schema)
