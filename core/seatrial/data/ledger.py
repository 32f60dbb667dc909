"""The ledger: what happened to which row, by which rule, with which evidence. One record a finding, in Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.findings import Action, Span
from seatrial.store import atomic_file

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Entry", "entries_to_table", "ledger_schema", "write_ledger"]


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

    span = pa.struct([("turn", pa.int32()), ("start", pa.int32()), ("end", pa.int32()), ("replacement", pa.string())])
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
            ("spans", pa.list_(span)),
            ("matched_row", pa.string()),
            ("matched_text", pa.string()),
            ("detail", pa.string()),
            ("excerpt", pa.string()),
        ]
    )


def entries_to_table(entries: Iterable[Entry]) -> pa.Table:
    """An Arrow table of `ledger_schema()`."""
    import pyarrow as pa

    return pa.Table.from_pylist([asdict(entry) for entry in entries], schema=ledger_schema())


def write_ledger(path: Path, entries: Iterable[Entry]) -> None:
    """Write entries as Parquet, atomically."""
    import pyarrow.parquet as pq

    with atomic_file(path) as part:
        pq.write_table(entries_to_table(entries), part, compression="zstd")
