"""The ledger: what happened to which row, by which rule, with which evidence. One record a finding, in Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

from seatrial.data.findings import Action, Span
from seatrial.rows.table import TableWriter, stored_tables

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Entry", "LedgerWriter", "entries_of", "entries_to_table", "ledger_schema", "merge_ledgers", "write_ledger"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding, and what was done about it."""

    row: str
    """The row's id; for a record that never became a row, `file:line`."""
    source: str
    file: str
    line: int
    split: str
    """The row's split at that time, "" before rows are split."""
    stage: str
    """`read`, `clean`, `compare`, `leakage`."""
    filter: str
    """The component's name, or its alias in the suite."""
    plugin: str
    """The distribution that provides it."""
    rule: str
    rule_version: str
    action: Action
    """What was done; the first `drop` of a row is the one that took it out (`decisive`)."""
    decisive: bool
    detail: str = ""
    score: float | None = None
    spans: tuple[Span, ...] = ()
    matched_row: str | None = None
    matched_text: str | None = None
    excerpt: str = ""
    """The row's first 200 characters after every redaction of the run so far."""


def ledger_schema() -> pa.Schema:
    """The Arrow schema of ledger.parquet."""
    import pyarrow as pa

    return pa.schema(
        [
            ("row", pa.string()),
            ("source", pa.string()),
            ("file", pa.string()),
            ("line", pa.int64()),
            ("split", pa.string()),
            ("stage", pa.string()),
            ("filter", pa.string()),
            ("plugin", pa.string()),
            ("rule", pa.string()),
            ("rule_version", pa.string()),
            ("action", pa.string()),
            ("decisive", pa.bool_()),
            ("score", pa.float64()),
            ("spans", pa.list_(span_type())),
            ("matched_row", pa.string()),
            ("matched_text", pa.string()),
            ("detail", pa.string()),
            ("excerpt", pa.string()),
        ]
    )


def span_type() -> pa.DataType:
    """How one span is stored."""
    import pyarrow as pa

    return pa.struct(
        [
            ("turn", pa.int32()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("replacement", pa.string()),
            ("part", pa.int32()),
        ]
    )


def spans_to_array(spans: Sequence[Sequence[Span]]) -> pa.Array:
    """An Arrow array with a list of spans for each element."""
    import pyarrow as pa

    ends = [0]
    for some in spans:
        ends.append(ends[-1] + len(some))
    flat = list(chain.from_iterable(spans))
    fields = [pa.array([getattr(span, field.name) for span in flat], field.type) for field in span_type()]
    structs = pa.StructArray.from_arrays(fields, fields=list(span_type()))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), structs)


def entries_to_table(entries: Iterable[Entry]) -> pa.Table:
    """An Arrow table of `ledger_schema()`."""
    import pyarrow as pa

    given = list(entries)
    columns = [
        spans_to_array([entry.spans for entry in given])
        if field.name == "spans"
        else pa.array([getattr(entry, field.name) for entry in given], field.type)
        for field in ledger_schema()
    ]
    return pa.Table.from_arrays(columns, schema=ledger_schema())


def entries_of(table: pa.Table) -> Iterator[Entry]:
    """The entries of a table of `ledger_schema()`, one after the other."""
    known = get_type_hints(Entry).keys() & set(table.schema.names)
    for batch in table.to_batches():
        for record in batch.to_pylist():
            fields = {name: record[name] for name in known}
            fields["spans"] = tuple(Span(**span) for span in record["spans"] or ())
            yield Entry(**fields)


class LedgerWriter:
    """Writes entries as they come: at most a batch of them is held."""

    def __init__(self, tables: TableWriter) -> None:
        self._tables = tables
        self._waiting: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """One entry."""
        self._waiting.append(entry)
        if len(self._waiting) >= self._tables.batch:
            self.flush()

    def add_table(self, table: pa.Table) -> None:
        """Entries as a table of `ledger_schema()`."""
        self.flush()
        self._tables.write(table)

    def flush(self) -> None:
        """Hand on what waits."""
        if self._waiting:
            self._tables.write(entries_to_table(self._waiting))
            self._waiting.clear()


@contextmanager
def write_ledger(path: Path) -> Iterator[LedgerWriter]:
    """A ledger that becomes `path` when the block ends well."""
    with TableWriter.open(path, ledger_schema()) as tables:
        writer = LedgerWriter(tables)
        yield writer
        writer.flush()


def merge_ledgers(path: Path, parts: Iterable[Path]) -> None:
    """Write the entries of several ledgers into one, in order."""
    with TableWriter.open(path, ledger_schema()) as tables:
        for part in parts:
            for table in stored_tables(part):
                tables.write(table)
