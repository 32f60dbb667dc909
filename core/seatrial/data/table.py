"""Rows on disk: Parquet between stages, memory-mapped `datasets.Dataset`s in a stage's hands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.rows import Row, row_schema, rows_to_table
from seatrial.store import atomic_file

if TYPE_CHECKING:
    import datasets

__all__ = ["BATCH", "DatasetRows", "RowList", "batches", "open_rows", "write_rows"]

BATCH = 1_000
"""Rows that a stage holds at a time."""


class DatasetRows:
    """Rows over a memory-mapped `datasets.Dataset`: `len`, indexing, iteration."""

    def __init__(self, dataset: datasets.Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Row:
        return Row.from_record(self.dataset[index])

    def __iter__(self) -> Iterator[Row]:
        for table in self.dataset.with_format("arrow").iter(batch_size=BATCH):
            for record in table.to_pylist():
                yield Row.from_record(record)


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


def open_rows(path: Path) -> DatasetRows:
    """The rows of a Parquet file that `write_rows` wrote; the Arrow copy that is mapped stands beside it."""
    import datasets
    import pyarrow.parquet as pq

    if not pq.read_metadata(path).num_rows:  # datasets refuses to map an empty file
        return DatasetRows(datasets.Dataset(row_schema().empty_table()))
    datasets.disable_progress_bars()
    dataset: Any = datasets.Dataset.from_parquet(str(path), cache_dir=str(path.parent / ".arrow"))
    return DatasetRows(dataset)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as Parquet, batch by batch and atomically; returns how many."""
    import pyarrow.parquet as pq

    count = 0
    with atomic_file(path) as part, pq.ParquetWriter(part, row_schema(), compression="zstd") as writer:
        for batch in batches(rows):
            writer.write_table(rows_to_table(batch))
            count += len(batch)
    return count


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[list[Row]]:
    """The rows in lists of at most `size`."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
