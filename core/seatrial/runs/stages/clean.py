"""Clean: the row filters, in the suite's order, batch by batch. Every filter sees every row; then the drops are made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.data.filters import CountingFilter, Measured, RowFilter
from seatrial.data.findings import Finding
from seatrial.data.ledger import Entry, entries_to_table, write_ledger
from seatrial.data.policy import Veiled, with_excerpts
from seatrial.errors import SeatrialError
from seatrial.plugin.raised import let_pass
from seatrial.rows import Row, row_schema
from seatrial.rows.table import TableWriter, open_rows, patched, rows_of
from seatrial.runs import contracts
from seatrial.runs.counting import Counts, counts_to_table
from seatrial.runs.engines import Engine, Work
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import At, Progress, blame
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Clean"]


@dataclass(frozen=True, slots=True)
class Clean:
    """Runs the row filters over `data/raw.parquet`; what stays is `data/clean.parquet`."""

    filters: Sequence[SuiteFilter]
    engine: Engine = field(metadata=RUNTIME)

    name = "clean"
    inputs = ("read",)
    reads = frozenset({"raw"})
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """One pass over the rows."""
        raw, clean, ledger = given.files["raw"], folder / "data/clean.parquet", folder / "ledger/clean.parquet"
        tally = Tally(self.name, self.filters)
        counts = Counts()
        rows_in = len(open_rows(raw))
        with (
            TableWriter.open(clean, row_schema()) as kept,
            write_ledger(ledger) as entries,
            self.engine.open() as work,
        ):
            for rows, found, counted in work.map(Cleaning(tuple(self.filters)), raw):
                kept.write(rows)
                entries.add_table(found)
                tally.add(found)
                counts.add(counted)
                progress(kept.rows + tally.dropped, rows_in, {})
        self._conclude(counts, tally)
        return Artifact({"clean": clean, "ledger:clean": ledger}, tally.facts(rows_in, kept.rows))

    def _conclude(self, counts: Counts, tally: Tally) -> None:
        for suite_filter in self.filters:
            counting = suite_filter.filter
            if isinstance(counting, CountingFilter):
                with blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin):
                    given = counting.conclude(counts.of(suite_filter.alias))
                tally.note(suite_filter.alias, contracts.one(given, Measured, suite_filter.who(self.name)))


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The row filters as a job: a batch of rows in; the rows that stay, the ledger's entries and filters' counts out."""

    filters: tuple[SuiteFilter, ...]

    def begin(self) -> Work:
        """The filters are built already."""
        return self._clean

    def _clean(self, table: pa.Table) -> tuple[pa.Table, ...]:
        given = rows = rows_of(table)
        entries: list[Entry] = []
        dropped: set[str] = set()
        counted: dict[str, Mapping[str, int]] = {}
        veiled: defaultdict[str, list[Veiled]] = defaultdict(list)
        for suite_filter in self.filters:
            row_filter: RowFilter = suite_filter.filter
            with blame(Clean.name, f"filter {suite_filter.alias}", suite_filter.plugin) as at:
                findings = self._inspected(suite_filter, rows, at)
                if isinstance(row_filter, CountingFilter):
                    counts = row_filter.count(rows, findings)
                    counted[suite_filter.alias] = contracts.counts(counts, suite_filter.who(Clean.name))
            applied = suite_filter.apply(rows, findings, stage=Clean.name, already_dropped=dropped)
            rows = applied.rows
            entries += applied.entries
            dropped |= applied.dropped
            for row, veil in applied.veiled.items():
                veiled[row].append(veil)
        # A row that an early filter quoted may have been redacted by a later one: quote it as it stands now.
        entries = with_excerpts(entries, rows, veiled) if entries else entries
        # Row by row, so that the ledger doesn't tell how the rows fell into batches, which depends on how long they took.
        places = {row.id: place for place, row in enumerate(given)}
        entries.sort(key=lambda entry: places[entry.row])
        changed = {place: row for place, (row, was) in enumerate(zip(rows, given, strict=True)) if row is not was}
        out = [place for place, row in enumerate(rows) if row.id in dropped] if dropped else []
        return patched(table, changed, out), entries_to_table(entries), counts_to_table(counted)

    @staticmethod
    def _inspected(suite_filter: SuiteFilter, rows: Sequence[Row], at: At) -> list[Finding]:
        """What a filter finds in a batch. Where it raises, it is asked again row by row, to tell which row it was at."""
        inspect = suite_filter.filter.inspect
        try:
            return list(contracts.findings(inspect(rows), suite_filter.who(Clean.name)))
        except SeatrialError:
            raise
        except BaseException as error:
            let_pass(error)
            at.row = _row_that_raises(inspect, rows, type(error))
            raise


def _row_that_raises(
    inspect: Callable[[Sequence[Row]], Iterable[Finding]], rows: Sequence[Row], kind: type[BaseException]
) -> Row | None:
    """The row that a filter raises at, where it raises the same at one row alone."""
    for row in rows:
        try:
            list(inspect([row]))
        except BaseException as error:  # noqa: BLE001 - one that fails otherwise than on a batch tells nothing
            let_pass(error)
            return row if isinstance(error, kind) else None
    return None
