"""Rows on disk: Parquet between stages, read and written a batch at a time; one row by its place through a mapped copy.

A batch is at most 2,000 rows and about 16 MB, and a row group of the file, so that no stage needs more memory for more
rows and each batch can go to another process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.rows.columns import row_schema, rows_of, rows_to_table
from seatrial.rows.row import Row
from seatrial.runs.store import atomic_file

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = [
    "BATCH",
    "BATCH_BYTES",
    "FileRows",
    "RowList",
    "SomeRows",
    "TableWriter",
    "batches",
    "open_rows",
    "patched",
    "rows_of",
    "stored_tables",
    "write_rows",
]

BATCH = 2_000
"""Rows that are held at a time."""

BATCH_BYTES = 16_000_000
"""Bytes of rows that are held at a time, so that rows of megabytes come in small batches; one row may be larger."""


_SAYING_MORE = frozenset({"turns.list.element.details", "expected", "tools"})


class FileRows:
    """The rows of a Parquet file that `write_rows` wrote: `len`, indexing, iteration.

    Iterating reads the file batch by batch. Indexing maps an Arrow copy of it, which is made when it is first needed
    (`datasets`), in the folder `copies`.
    """

    def __init__(self, path: Path, copies: Path) -> None:
        self.path = path
        self._copies = copies

    @cached_property
    def _count(self) -> int:
        import pyarrow.parquet as pq

        count: int = pq.read_metadata(self.path).num_rows
        return count

    @cached_property
    def _mapped(self) -> Any:
        import datasets

        datasets.disable_progress_bars()
        return datasets.Dataset.from_parquet(str(self.path), cache_dir=str(self._copies)).with_format("arrow")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Row:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        return rows_of(self._mapped[place])[0]

    def __iter__(self) -> Iterator[Row]:
        for table in self.tables():
            yield from rows_of(table)

    def tables(self) -> Iterator[pa.Table]:
        """The rows as tables of `row_schema()`, a batch each."""
        return stored_tables(self.path)

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of all rows."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path, columns=[name])[name]

    def says_more(self) -> bool:
        """Whether any row says more than words, a label and choices."""
        import pyarrow.parquet as pq

        file = pq.read_metadata(self.path)
        for group in range(file.num_row_groups):
            columns = [file.row_group(group).column(place) for place in range(file.num_columns)]
            for column in columns:
                filled = column.statistics is None or column.statistics.num_values > 0
                if filled and column.path_in_schema in _SAYING_MORE:
                    return True
        return False


class SomeRows:
    """Those rows of a file for which a mask (truth values, shape [rows]) holds, in order, as `Rows`."""

    def __init__(self, rows: FileRows, mask: np.ndarray) -> None:
        import numpy as np

        self._rows = rows
        self._mask = mask
        self._places = np.flatnonzero(mask)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Row:
        return self._rows[int(self._places[index])]

    def __iter__(self) -> Iterator[Row]:
        import pyarrow as pa

        start = 0
        for table in self._rows.tables():
            inside = self._mask[start : start + len(table)]
            start += len(table)
            if inside.any():
                yield from rows_of(table.filter(pa.array(inside)))


class RowList:
    """Rows in memory, as `Rows`."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]


def open_rows(path: Path, copies: Path | None = None) -> FileRows:
    """The rows of a Parquet file that `write_rows` wrote.

    Args:
        path: the file.
        copies: where its mapped copy is kept; None for a folder beside it.
    """
    return FileRows(path, copies or path.parent / ".arrow")


class TableWriter:
    """Writes tables into one Parquet file, a row group a batch."""

    def __init__(self, writer: pq.ParquetWriter, batch: int, batch_bytes: int) -> None:
        self.batch = batch
        self.rows = 0
        """Written so far, those that wait for their row group included."""
        self._writer = writer
        self._batch_bytes = batch_bytes
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, schema: pa.Schema, *, batch: int = BATCH, batch_bytes: int = BATCH_BYTES
    ) -> Iterator[TableWriter]:
        """A writer whose file becomes `path` when the block ends well."""
        import pyarrow.parquet as pq

        with atomic_file(path) as part, pq.ParquetWriter(part, schema, compression="zstd") as parquet:
            writer = cls(parquet, batch, batch_bytes)
            yield writer
            writer.flush()

    def write(self, table: pa.Table) -> None:
        """Append a table of the file's schema. Row groups are full whatever pieces the rows come in."""
        start = 0
        while start < len(table):
            part = table.slice(start, self.batch - self._waiting_rows)
            if self._waiting and self._waiting_bytes + part.nbytes > self._batch_bytes:
                self.flush()
                continue
            if len(part) > 1 and part.nbytes > self._batch_bytes:
                part = part.slice(0, max(1, len(part) * self._batch_bytes // part.nbytes))
            self._waiting.append(part)
            self._waiting_rows += len(part)
            self._waiting_bytes += part.nbytes
            self.rows += len(part)
            start += len(part)
            if self._waiting_rows == self.batch:
                self.flush()

    def flush(self) -> None:
        """Write what waits as a row group."""
        import pyarrow as pa

        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=max(self._waiting_rows, 1))
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0


def stored_tables(path: Path) -> Iterator[pa.Table]:
    """The row groups of a Parquet file, one at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, use_threads=False)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as Parquet, batch by batch and atomically; returns how many."""
    with TableWriter.open(path, row_schema()) as writer:
        for batch in batches(rows):
            writer.write(rows_to_table(batch))
    return writer.rows


def batches(rows: Iterable[Row], size: int = BATCH, most_bytes: int = BATCH_BYTES) -> Iterator[list[Row]]:
    """The rows in lists of at most `size`, and of about `most_bytes` characters where rows are long."""
    batch: list[Row] = []
    characters = 0
    for row in rows:
        said = sum(len(turn.content) for turn in row.all_turns)
        if len(batch) >= size or (batch and characters + said > most_bytes):
            yield batch
            batch, characters = [], 0
        batch.append(row)
        characters += said
    if batch:
        yield batch


def patched(table: pa.Table, changed: Mapping[int, Row], out: Collection[int]) -> pa.Table:
    """A table of rows with some of them changed and others taken out; what stays as it was is not converted.

    Args:
        table: of `row_schema()`.
        changed: place → the row that stands there now.
        out: places of rows that go.
    """
    import numpy as np
    import pyarrow as pa

    if not changed and not out:
        return table
    places = np.arange(len(table))
    for number, place in enumerate(changed):
        places[place] = len(table) + number
    together = pa.concat_tables([table, rows_to_table(list(changed.values()))]) if changed else table
    kept = np.delete(places, list(out))
    return together.take(pa.array(kept))
