"""Parquet: a table in columns."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import excerpt_of_value
from seatrial_plugins.readers.opening import LIMIT, READ_ERRORS, SKIPPED, ByteStream, open_bytes, read_problem
from seatrial_plugins.readers.parquet_pages import pages_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["ParquetRows"]

_BATCH = 512
HELD = 64_000_000
"""Bytes of a batch at most; Arrow takes some times as much for it."""
REPEATED = 256_000_000
"""Bytes of a page at most, and of a batch if each of its rows had the longest value of a dictionary."""
_PACKED = 20
"""How many times smaller than what it holds a page may be that is up to four times as large: text shrinks to a tenth, and
images, of which writers put many into a page, do not shrink."""
NESTED = 50_000_000
"""Values of a list's column in one row group at most: a single row may hold all of them, some twelve bytes each."""
NESTED_BYTES = 2_000_000_000
"""Bytes of them at most, for the same reason."""


class ParquetRows:
    """Reads a table batch by batch, a record a row; `line` is the row's number, from 1.

    A whole-number column that the file's Hugging Face schema declares as class labels is given as the labels' names. What
    is null within a list or a mapping is missing: Arrow pads with it, as all of a column have the same keys.
    """

    suffixes = (".parquet",)
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a row."""
        import pyarrow as pa

        row = 0
        try:
            with open_bytes(file) as packed, tempfile.NamedTemporaryFile() as plain:
                path = file
                if file.name.lower().endswith(".gz"):
                    # Parquet is read from its end, which compressed data does not let one do.
                    path = Path(plain.name)
                    if not _copied(packed, plain):
                        yield RawRecord(1, problem=f"the file unpacks to more than {20 * SKIPPED:,} bytes", lost=True)
                        return
                for record in self._rows(path):
                    row = record.line
                    yield record
        except (*READ_ERRORS, pa.ArrowException) as error:
            # Arrow raises OSError too, without a number, for pages that it cannot decompress.
            arrow = isinstance(error, pa.ArrowException) or (type(error) is OSError and error.errno is None)
            yield RawRecord(row + 1, problem=f"broken Parquet: {error}" if arrow else read_problem(error), lost=True)
            return
        if not row:
            yield RawRecord(1, problem="the table has no row")

    def _rows(self, path: Path) -> Iterator[RawRecord]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        row = 0
        with pq.ParquetFile(path) as table, path.open("rb") as stream:
            names = table.schema_arrow.names
            if twice := next((name for name in names if names.count(name) > 1), None):
                problem = f"the column {twice!r} stands twice, and which is meant nobody can tell; write one"
                yield RawRecord(1, problem=problem, lost=True)
                return
            classes = _class_labels(table.schema_arrow.metadata or {})
            padded = [field.name for field in table.schema_arrow if pa.types.is_nested(field.type)]
            for number in range(table.num_row_groups):
                group = table.metadata.row_group(number)
                try:
                    size = _batch_size(stream, group)
                except ValueError as error:
                    problem = f"row group {number + 1}, with {group.num_rows:,} rows: {error}"
                    yield RawRecord(row + 1, problem=problem, lost=True)
                    row += max(group.num_rows, 1)
                    continue
                for batch in table.iter_batches(batch_size=size, row_groups=[number]):
                    for value, problem, excerpt in self._records(batch, classes, padded):
                        row += 1
                        yield RawRecord(row, value, problem, excerpt)

    def _records(
        self, batch: pa.RecordBatch, classes: Mapping[str, list[str]], padded: Sequence[str]
    ) -> Iterator[tuple[Any, str, str]]:
        """Value, problem and excerpt of each row of a record batch."""
        if batch.nbytes <= self._limit:
            try:
                values = batch.to_pylist()
            except (UnicodeDecodeError, ValueError, OverflowError):
                pass  # one row is to blame; row by row, the others are kept
            else:
                yield from (_named(_unpadded(value, padded), classes) for value in values)
                return
        for index in range(batch.num_rows):
            one = batch.slice(index, 1)
            if one.nbytes > self._limit:
                yield None, f"the row is longer than {self._limit:,} bytes", ""
                continue
            try:
                value = one.to_pylist()[0]
            except UnicodeDecodeError:
                yield None, "invalid UTF-8", ""
            except (ValueError, OverflowError) as error:
                yield None, f"a value cannot be read: {error}", ""
            else:
                yield _named(_unpadded(value, padded), classes)


def _copied(packed: ByteStream, plain: IO[bytes]) -> bool:
    """Unpack the file, if it is not endless."""
    written = 0
    while data := packed.read(1 << 20):
        written += plain.write(data)
        if written > 20 * SKIPPED:
            return False
    plain.flush()
    return True


def _batch_size(stream: BinaryIO, group: pq.RowGroupMetaData) -> int:
    """How many rows of a row group are held at a time.

    Raises:
        ValueError: a page is too large to unpack, or a list may be too long to hold.
    """
    plain = repeated = 1.0
    for place in range(group.num_columns):
        column = group.column(place)
        if column.num_values - group.num_rows > NESTED:
            raise ValueError(f"a list of up to {column.num_values - group.num_rows:,} values, and none of them is read")
        a_value, values = 0.0, max(column.num_values / max(group.num_rows, 1), 1.0)
        if column.num_values > group.num_rows and column.total_uncompressed_size > NESTED_BYTES:
            raise ValueError(f"lists of {column.total_uncompressed_size:,} bytes, and none of them is read")
        for page in pages_of(stream, column):
            if page.size > (REPEATED if page.size > _PACKED * page.packed else 4 * REPEATED):
                raise ValueError(f"a page that unpacks to {page.size:,} bytes, and none of them is read")
            if page.dictionary:
                repeated += page.size * values
            else:
                a_value = max(a_value, page.size / max(page.values, 1))
        plain += a_value * values
    return int(min(max(min(HELD / plain, REPEATED / repeated), 1), _BATCH))


def _unpadded(value: dict[str, Any], padded: Sequence[str]) -> dict[str, Any]:
    """The row without keys that are null within its lists and mappings; maps are mappings."""
    for name in padded:
        value[name] = _without_nulls(value[name])
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if not isinstance(value, list):
        return value
    if value and all(isinstance(pair, tuple) and isinstance(pair[0], str) for pair in value):  # a map's keys and values
        pairs = dict(value)
        if len(pairs) == len(value):
            return _without_nulls(pairs)
    return [_without_nulls(inner) for inner in value]


def _named(value: dict[str, Any], classes: Mapping[str, list[str]]) -> tuple[Any, str, str]:
    for column, names in classes.items():
        number = value.get(column)
        if isinstance(number, int):
            # The hub writes -1 where a test row's label is kept back.
            if not 0 <= number < len(names):
                return (
                    None,
                    f"{column!r} is {number}, and the file declares {len(names)} labels",
                    excerpt_of_value(value),
                )
            value[column] = names[number]
    return value, "", excerpt_of_value(value)


def _class_labels(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Column → names of its labels, from the schema's metadata as the `datasets` library writes it."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    if not isinstance(features, dict):
        return {}
    return {
        column: [str(name) for name in feature["names"]]
        for column, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }
