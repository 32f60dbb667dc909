"""The dataset that is handed on: cleaned rows in layouts that other programs read, and that seatrial reads again.

    layout        where                          keys
    text-label    every row is of that format    text, label
    choice        every row is of that format    question, choices, answer (the index of the right choice)
    preference    every row is of that format    prompt, chosen, rejected: messages, as below
    messages      any other rows                 messages: [{role, content, …}, …], as OpenAI writes them; choices and
                                                 labels are not in it, which a warning tells

Beside these each record has `id`, `source`, `file`, `line`, `slice` and `group`, and where rows have them `tools`,
`references` (other right answers), `rejected` (messages that somebody liked less), `label` (a truth value: whether the answer
was liked) and `check`. One layout serves all splits, so that a program that loads them meets one set of columns. A message
has `name`, `reasoning_content`, `tool_calls`, `tool_call_id` and `weight: 0` where there is something to say; where rows have
images, its content is a list of parts, and an image is a path below the dataset's folder.

Parquet needs one type for all rows: there these keys are null where a row has nothing to say, and a call's arguments, `tools`
and `check` are JSON texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seatrial.rows import Check, Image, Preference, References, Row, Text, ToolCall, ToolResult, Turn
from seatrial.rows.columns import rows_of
from seatrial.rows.table import FileRows, TableWriter
from seatrial.runs.store import atomic_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["IMAGES", "Layout", "Shape", "dataset_schema", "record_of", "shape_of", "write_jsonl", "write_parquet"]

Layout = Literal["text-label", "choice", "preference", "messages"]

IMAGES = "images"
"""The folder below the dataset's in which images lie."""

_MESSAGES = ("messages", "prompt", "chosen", "rejected")
_MORE = ("tools", "references", "rejected", "label", "check")


@dataclass(frozen=True, slots=True)
class Shape:
    """The layout, and which keys the rows need."""

    layout: Layout
    details: bool = False
    """Whether a turn says more than role and content."""
    images: bool = False
    more: tuple[str, ...] = ()
    """Of `tools`, `references`, …, those that some row has."""


def shape_of(splits: Iterable[FileRows]) -> Shape:
    """The shape for the rows of these files."""
    formats: set[str] = set()
    details = images = False
    more: set[str] = set()
    for rows in splits:
        formats.update(rows.column("format").unique().to_pylist())
        for row in rows if rows.says_more() else ():
            details = details or not all(turn.plain for turn in row.all_turns)
            images = images or bool(row.images)
            more |= _more(row).keys()
    layout: Layout = "messages"
    if formats == {"preference"}:
        layout, more = "preference", more - {"rejected"}
    elif not (details or more) and formats in ({"text-label"}, {"choice"}):
        layout = "choice" if "choice" in formats else "text-label"
    return Shape(layout, details, images, tuple(key for key in _MORE if key in more))


def record_of(row: Row, shape: Shape) -> dict[str, Any]:
    """The row as a JSON object."""
    origin = {"source": row.source, "file": row.file, "line": row.line, "slice": row.slice, "group": row.group}
    return {"id": row.id, **_said(row, shape), **origin}


def _said(row: Row, shape: Shape) -> dict[str, Any]:
    if shape.layout == "text-label":
        return {"text": row.input_text, "label": row.label}
    if shape.layout == "choice":
        right = row.choices.index(row.target) if row.target in row.choices else None
        return {"question": row.input_text, "choices": list(row.choices), "answer": right}
    more = {key: value for key, value in _more(row, shape).items() if key in shape.more}
    if shape.layout == "preference" and isinstance(row.expected, Preference):
        chosen, rejected = row.expected.chosen, row.expected.rejected
        told = {"prompt": row.turns[: -len(chosen)], "chosen": chosen, "rejected": rejected}
        return {key: [_message(turn, shape) for turn in turns] for key, turns in told.items()} | more
    return {"messages": [_message(turn, shape) for turn in row.turns], **more}


def _more(row: Row, shape: Shape = Shape("messages")) -> dict[str, Any]:
    """What is expected beside the last turn, and the row's tools."""
    expected, more = row.expected, dict[str, Any]()
    if row.tools:
        more["tools"] = list(row.tools)
    if isinstance(expected, References) and len(expected.answers) > 1:
        more["references"] = list(expected.answers[1:])
    if isinstance(expected, Preference) and expected.chosen and expected.rejected:
        more["rejected"] = [_message(turn, shape) for turn in expected.rejected]
    elif isinstance(expected, Preference):
        more["label"] = bool(expected.chosen)
    if isinstance(expected, Check):
        told = {"kind": expected.kind, "code": expected.code}
        more["check"] = told | {"entry_point": expected.entry_point, "prefix": expected.prefix}
    return more


def _message(turn: Turn, shape: Shape) -> dict[str, Any]:
    content: Any = turn.content
    if shape.images:
        content = [
            {"type": "image", "image": f"{IMAGES}/{part.file_name}"}
            if isinstance(part, Image)
            else {"type": "text", "text": part.text}
            for part in turn.parts
            if not isinstance(part, ToolCall) and part != Text("")
        ]
    said: dict[str, Any] = {"role": turn.role, "content": content}
    result = next((part for part in turn.parts if isinstance(part, ToolResult)), None)
    if name := turn.name or (result.name if result else ""):
        said["name"] = name
    if turn.reasoning:
        said["reasoning_content"] = turn.reasoning
    if turn.calls:
        said["tool_calls"] = [_call(call) for call in turn.calls]
    if result and result.call:
        said["tool_call_id"] = result.call
    if not turn.trained:
        said["weight"] = 0
    return said


def _call(call: ToolCall) -> dict[str, Any]:
    identity = {"id": call.id} if call.id else {}
    return {**identity, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def write_jsonl(path: Path, rows: Iterable[Row], shape: Shape) -> None:
    """Write a record a line, atomically."""
    with atomic_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps(record_of(row, shape), ensure_ascii=False, allow_nan=False) + "\n")


# ---- Parquet ---------------------------------------------------------------------------------------------------------


def dataset_schema(shape: Shape) -> pa.Schema:
    """The Arrow schema of the Parquet files."""
    import pyarrow as pa

    text = pa.string()
    part = pa.struct([("type", text), ("text", text), ("image", text)])
    function = pa.struct([("name", text), ("arguments", text)])
    details = [
        ("name", text),
        ("reasoning_content", text),
        ("tool_calls", pa.list_(pa.struct([("id", text), ("type", text), ("function", function)]))),
        ("tool_call_id", text),
        ("weight", pa.int64()),
    ]
    content = pa.list_(part) if shape.images else text
    message = pa.struct([("role", text), ("content", content), *(details if shape.details else [])])
    more = {"references": pa.list_(text), "rejected": pa.list_(message), "label": pa.bool_()}
    said: dict[Layout, list[tuple[str, pa.DataType]]] = {
        "text-label": [("text", text), ("label", text)],
        "choice": [("question", text), ("choices", pa.list_(text)), ("answer", pa.int64())],
        "preference": [(key, pa.list_(message)) for key in ("prompt", "chosen", "rejected")],
        "messages": [("messages", pa.list_(message))],
    }
    said[shape.layout] += [(key, more.get(key, text)) for key in shape.more]
    origin = [("source", text), ("file", text), ("line", pa.int64()), ("slice", text), ("group", text)]
    return pa.schema([("id", text), *said[shape.layout], *origin])


def write_parquet(path: Path, tables: Iterable[pa.Table], shape: Shape) -> None:
    """Write tables of `seatrial.rows.row_schema()` in the layout as Parquet, table by table and atomically."""
    with TableWriter.open(path, dataset_schema(shape)) as writer:
        for table in tables:
            writer.write(_in_shape(table, shape))


def _in_shape(table: pa.Table, shape: Shape) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = dataset_schema(shape)
    if shape.details or shape.more or shape.layout == "preference":
        return pa.Table.from_pylist([_typed(record_of(row, shape)) for row in rows_of(table)], schema=schema)
    columns = {name: table[name] for name in schema.names if name in table.column_names}
    if shape.layout == "messages":
        columns["messages"] = table["turns"].cast(schema.field("messages").type)
    else:
        first = pc.struct_field(pc.list_element(table["turns"], 0), "content")
        columns["text" if shape.layout == "text-label" else "question"] = first
    if shape.layout == "choice":
        rights = [_said(row, shape)["answer"] for row in rows_of(table)]
        columns["answer"] = pa.array(rights, pa.int64())
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    """The record with JSON texts for what has no one type."""
    for key in ("tools", "check"):
        if key in record:
            record[key] = json.dumps(record[key], ensure_ascii=False)
    messages = (message for key in _MESSAGES for message in record.get(key, ()))
    for call in (call for message in messages for call in message.get("tool_calls", ())):
        arguments = call["function"]["arguments"]
        call["function"]["arguments"] = (
            arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        )
    return record
