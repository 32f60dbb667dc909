"""Parquet: a table in columns."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import excerpt_of_value
from seatrial_plugins.readers.opening import LIMIT, READ_ERRORS, open_bytes, read_problem

__all__ = ["ParquetRows"]

_BATCH = 512


class ParquetRows:
    """Reads a table batch by batch, a record a row; `line` is the row's number, from 1.

    A whole-number column that the file's Hugging Face schema declares as class labels is given as the labels' names.
    """

    suffixes = (".parquet",)
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a row."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        row = 0
        try:
            with open_bytes(file) as packed, tempfile.TemporaryFile() as plain:
                # Parquet is read from its end, which compressed data does not let one do.
                if file.name.lower().endswith(".gz"):
                    shutil.copyfileobj(packed, plain)
                table = pq.ParquetFile(plain if file.name.lower().endswith(".gz") else file)
                classes = _class_labels(table.schema_arrow.metadata or {})
                for batch in table.iter_batches(batch_size=_BATCH):
                    for record in self._records(batch, classes):
                        row += 1
                        yield RawRecord(row, *record)
        except (*READ_ERRORS, pa.ArrowException) as error:
            # Arrow raises OSError too, without a number, for pages that it cannot decompress.
            arrow = isinstance(error, pa.ArrowException) or (type(error) is OSError and error.errno is None)
            yield RawRecord(row + 1, problem=f"broken Parquet: {error}" if arrow else read_problem(error))
            return
        if not row:
            yield RawRecord(1, problem="the table has no row")

    def _records(self, batch: Any, classes: Mapping[str, list[str]]) -> Iterator[tuple[Any, str, str]]:
        """Value, problem and excerpt of each row of an Arrow record batch."""
        if batch.nbytes <= self._limit:
            try:
                values = batch.to_pylist()
            except (UnicodeDecodeError, ValueError, OverflowError):
                pass  # one row is to blame; row by row, the others are kept
            else:
                yield from (_named(value, classes) for value in values)
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
                yield _named(value, classes)


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
