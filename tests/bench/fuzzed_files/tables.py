"""Tables: Parquet, whose columns have types, some of which no row can be made of."""

from __future__ import annotations

import decimal
import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from fuzzed_files.chance import Chance
from fuzzed_files.values import odd

__all__ = ["as_parquet"]

_SCHEMAS = [
    b"{",
    b'{"info": 5}',
    b"[]",
    b"\xff",
    b'{"info": {"features": {"label": {"_type": "ClassLabel", "names": ["a"]}}}}',
]
"""What the `datasets` library's key may hold."""


def as_parquet(records: Sequence[object], draw: Chance) -> bytes:
    """The records themselves where their types allow one table, else columns of odd types."""
    table = _of(records) if draw.happens(0.4) else None
    if table is None:
        draw.kinds.add("Parquet with odd columns")
        table = _odd_columns(len(records), draw)
    if draw.happens(0.3):
        table = table.replace_schema_metadata({b"huggingface": draw.choice(_SCHEMAS)})
    stream = io.BytesIO()
    codec = draw.choice(["snappy", "none", "gzip", "zstd"])
    pq.write_table(table, stream, compression=codec, row_group_size=draw.choice([1, 7, 1_000]))
    return stream.getvalue()


def _of(records: Sequence[object]) -> pa.Table | None:
    try:
        found = pa.Table.from_pylist([one for one in records if isinstance(one, Mapping)])
        pq.write_table(found, io.BytesIO())  # Arrow holds mappings without a key, Parquet does not
        return found if found.num_columns and found.num_rows == len(records) else None
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None


def _odd_columns(count: int, draw: Chance) -> pa.Table:
    texts = pa.array([str(odd(draw, 0)).encode("utf-8", "replace").decode() for _ in range(count)])
    labels = pa.array([draw.choice([None, "a", "b"]) for _ in range(count)], pa.string()).dictionary_encode()
    # Bytes that are no UTF-8, in a column that says it is text.
    offsets = pa.array([*range(count + 1)], pa.int32()).buffers()[1]
    no_text = pa.Array.from_buffers(pa.string(), count, [None, offsets, pa.py_buffer(b"\xff" * count)])
    kinds = [
        *(texts, labels, no_text, texts.cast(pa.large_string())),
        pa.array([b"\xff\xfe"] * count, pa.binary()),
        pa.array([None] * count, pa.null()),
        pa.array([2**62] * count, pa.timestamp("us")),
        pa.array([2**62] * count, pa.duration("us")),
        pa.array([2**30] * count, pa.date32()),
        pa.array([1] * count, pa.time64("us")),
        pa.array([decimal.Decimal("1.5")] * count, pa.decimal128(30, 2)),
        pa.array([[("k", 1)]] * count, pa.map_(pa.string(), pa.int64())),
        pa.array([[{"role": "user", "content": "hi"}]] * count),
        pa.array([[{"role": "user", "content": "hi"}, None]] * count),
        pa.array([["x", None]] * count, pa.list_(pa.string())),
        pa.array([[1.5, 2.5]] * count, pa.list_(pa.float32(), 2)),
        pa.array([{"text": ["x", "y"], "label": ["A", "B"]}] * count),
        pa.array([1.5] * count, pa.float32()),
        pa.array([2**64 - 1] * count, pa.uint64()),
    ]
    if draw.happens(0.8):
        return pa.table({"text": texts, "label": labels, "x": draw.choice(kinds)})
    names = ["text", "label", "messages", "prompt", "completion", "question", "choices", "answer", "x"]
    chosen = draw.sample(names, k=draw.randrange(1, 5))
    if draw.happens(0.1):
        chosen.append(chosen[0])
    return pa.Table.from_arrays([draw.choice(kinds) for _ in chosen], names=chosen)
