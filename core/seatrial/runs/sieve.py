"""A sieve: the rows of one stage, filter after filter. Findings go in, entries go to the ledger, what stays goes on.

For filters that look at more than one row, whose findings come in any order. After each filter that found something the
rows are written anew, so that the next one reads a plain file, wherever it runs, and no row is held that has no finding.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.data.findings import Finding
from seatrial.data.findings_table import findings_of, findings_to_table, positions
from seatrial.data.ledger import LedgerWriter, entries_to_table
from seatrial.data.policy import named_row, not_given
from seatrial.errors import ContractError
from seatrial.rows import row_schema
from seatrial.rows.table import FileRows, TableWriter, open_rows, patched, rows_of
from seatrial.runs import contracts
from seatrial.runs.store import atomic_file
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Placed", "Sieve"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Findings about rows of a sieve."""

    found: pa.Table
    """As `seatrial.data.findings_table` keeps them."""
    places: np.ndarray
    """Shape [findings]: the place of each one's row."""


class Sieve:
    """The state of one stage: which rows are in, and its ledger."""

    def __init__(self, stage: str, path: Path, scratch: Path, ledger: LedgerWriter, tally: Tally) -> None:
        self.rows: FileRows = open_rows(path, scratch)
        """The rows that are still in, as filters left them."""
        self.scratch = scratch
        """A folder for files of the stage's own."""
        self._given = path
        self._stage = stage
        self._ledger = ledger
        self._tally = tally
        self._written = 0

    @classmethod
    @contextmanager
    def open(cls, stage: str, path: Path, ledger: LedgerWriter, tally: Tally) -> Iterator[Sieve]:
        """A sieve over the rows of a file, whose scratch folder beside it goes with the block."""
        scratch = path.parent / f".{stage}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield cls(stage, path, scratch, ledger, tally)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def placed(self, suite_filter: SuiteFilter, findings: Iterable[Finding], seen: np.ndarray | None = None) -> Placed:
        """One filter's findings, and which rows they are about.

        Args:
            suite_filter: who found it.
            findings: in any order; read once.
            seen: shape [rows], the rows that the filter was given; None for all.

        Raises:
            ContractError: a finding is about a row that the filter was not given, or matches one.
        """
        import numpy as np

        found = findings_to_table(contracts.findings(findings, suite_filter.who(self._stage)))
        places = positions(found["row"], self.rows.column("id"))
        wrong = np.flatnonzero((places < 0) | (False if seen is None else ~seen[places]))
        if len(wrong):
            first = found.slice(int(wrong[0]), 1).to_pylist()[0]
            raise not_given(suite_filter.who(self._stage), first["rule"], first["row"])
        if not any(use.kind == "benchmarks" for use in suite_filter.component.uses.values()):
            self._check_matches(suite_filter, found)
        return Placed(found, places)

    def _check_matches(self, suite_filter: SuiteFilter, found: pa.Table) -> None:
        """Refuse a matched row that is none; a filter that compares with benchmarks may name their items."""
        import numpy as np
        import pyarrow.compute as pc

        matched = found["matched_row"]
        unknown = positions(matched, self.rows.column("id")) < 0
        wrong = np.flatnonzero(unknown & pc.is_valid(matched).to_numpy())
        if len(wrong):
            first = found.slice(int(wrong[0]), 1).to_pylist()[0]
            raise ContractError(
                f"{suite_filter.who(self._stage)} made a finding about {named_row(first['row'])} that matches "
                f"{named_row(first['matched_row'])}, which is none of the rows that it was given"
            )

    def apply(self, suite_filter: SuiteFilter, parts: Sequence[Placed]) -> None:
        """Apply one filter's findings to the rows."""
        import numpy as np
        import pyarrow as pa

        parts = [part for part in parts if len(part.found)]
        if not parts:
            return
        places = np.concatenate([part.places for part in parts])
        order = np.argsort(places, kind="stable")
        self._rewrite(suite_filter, pa.concat_tables([part.found for part in parts]), places[order], order)

    def _rewrite(self, suite_filter: SuiteFilter, found: pa.Table, places: np.ndarray, order: np.ndarray) -> None:
        """Write the rows anew: `found.take(order)` are the findings about the rows at `places`."""
        import numpy as np

        self._written += 1
        path = self.scratch / f"{self._written}.parquet"
        with TableWriter.open(path, row_schema()) as kept:
            before = start = 0
            for table in self.rows.tables():
                end = int(np.searchsorted(places, before + len(table)))
                about = places[start:end] - before
                kept.write(
                    self._applied(suite_filter, table, found.take(order[start:end]), about) if end > start else table
                )
                before, start = before + len(table), end
        self._forget()
        self.rows = open_rows(path, self.scratch)

    def _applied(self, suite_filter: SuiteFilter, table: pa.Table, found: pa.Table, places: np.ndarray) -> pa.Table:
        """A batch of rows after the findings about those at `places`."""
        import numpy as np

        at = np.unique(places)
        rows = rows_of(table.take(at))
        applied = suite_filter.apply(rows, findings_of(found), stage=self._stage)
        entries = entries_to_table(applied.entries)
        self._ledger.add_table(entries)
        self._tally.add(entries)
        pairs = zip(at.tolist(), rows, applied.rows, strict=True)
        changed = {place: row for place, was, row in pairs if row is not was}
        return patched(
            table, changed, [place for place, row in zip(at, rows, strict=True) if row.id in applied.dropped]
        )

    def _forget(self) -> None:
        """Remove the file that the rows came from, unless it is the one that the stage was given."""
        if self.rows.path != self._given:
            self.rows.path.unlink()

    def finish(self, path: Path) -> int:
        """Leave the rows that are in at `path`; returns how many they are."""
        with atomic_file(path) as part:
            if self.rows.path == self._given:
                shutil.copyfile(self._given, part)
            else:
                shutil.move(self.rows.path, part)
        return len(open_rows(path))
