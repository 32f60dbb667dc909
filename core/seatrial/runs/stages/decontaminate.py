"""Decontaminate: the filters that hold train against the held-out rows; then the splits, what they hold, and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.data.composition import Composition
from seatrial.data.filters import Measured, SearchingFilter, SplitFilter, SplitFindings
from seatrial.data.gathering import Gathering
from seatrial.data.ledger import merge_ledgers, write_ledger
from seatrial.rows import row_schema
from seatrial.rows.table import BATCH, FileRows, SomeRows, TableWriter, open_rows, rows_of
from seatrial.runs import contracts
from seatrial.runs.engines import Batchwise, Engine, Work
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.sieve import Sieve
from seatrial.runs.stages import Progress, Steps, blame, in_steps
from seatrial.runs.stages.split import SETS
from seatrial.runs.store import RunFolder
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Decontaminate"]


@dataclass(frozen=True, slots=True)
class Decontaminate:
    """Runs the split filters; writes `data/<split>.parquet` and the whole `ledger.parquet`."""

    filters: Sequence[SuiteFilter]
    engine: Engine = field(metadata=RUNTIME)
    sets: tuple[str, ...] = SETS
    """What rows come apart into; train is held against every one of the others."""

    name = "decontaminate"
    inputs = ("read", "clean", "deduplicate", "split")
    reads = frozenset({"split", "ledger:read", "ledger:clean", "ledger:deduplicate"})
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Filter by filter, on the rows that are still in; nothing is dropped twice."""
        split, own, ledger = given.files["split"], folder / "ledger/decontaminate.parquet", folder / "ledger.parquet"
        tally = Tally(self.name, self.filters)
        files = {name: folder / f"data/{name}.parquet" for name in self.sets}
        with (
            write_ledger(own) as entries,
            Sieve.open(self.name, split, entries, tally) as sieve,
            self.engine.open() as work,
        ):
            for steps, suite_filter in in_steps(self.filters, progress):
                self._compare(suite_filter, sieve, work, tally, steps)
            counts = _divide(sieve.rows, files)
        merge_ledgers(ledger, [*(given.files[f"ledger:{stage}"] for stage in ("read", "clean", "deduplicate")), own])
        facts = tally.facts(len(open_rows(split)), sum(counts.values())) | {
            "splits": counts,
            "composition": Composition.of({name: open_rows(files[name]) for name in SETS}).facts(),
        }
        return Artifact(files | {"ledger": ledger}, facts)

    def _compare(self, suite_filter: SuiteFilter, sieve: Sieve, work: Batchwise, tally: Tally, steps: Steps) -> None:
        rows = sieve.rows
        inside = _in_train(rows)
        train, held_out = SomeRows(rows, inside), SomeRows(rows, ~inside)
        if not len(train) or not (len(held_out) or suite_filter.reads or suite_filter.alone):
            why = "there are no held-out rows" if len(train) else "there are no train rows"
            metrics = suite_filter.component.metrics_for(suite_filter.options)
            tally.note(suite_filter.alias, Measured(missing={metric.name: why for metric in metrics}))
            return
        with blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin), ExitStack() as stack:
            comparison = self._comparison(suite_filter, sieve, work, train, held_out, stack, steps)
            placed = sieve.placed(suite_filter, comparison.findings)
        sieve.apply(suite_filter, [placed])
        tally.note(suite_filter.alias, comparison.measured)

    @staticmethod
    def _comparison(
        suite_filter: SuiteFilter,
        sieve: Sieve,
        work: Batchwise,
        train: SomeRows,
        held_out: SomeRows,
        stack: ExitStack,
        steps: Steps,
    ) -> SplitFindings:
        split_filter: SplitFilter = suite_filter.filter
        if not isinstance(split_filter, SearchingFilter):
            return SplitFindings.of(split_filter.compare(train, held_out))
        gathering = stack.enter_context(Gathering.open(sieve.scratch / "found.arrow"))
        searching = Searching(suite_filter, sieve.rows.path)
        for (found,) in work.map(searching, sieve.rows.path):
            gathering.add(found)
            steps(1, len(train) // BATCH + 1)
        return SplitFindings.of(split_filter.conclude(searching.index(), gathering.table(), train, held_out))


def _in_train(rows: FileRows) -> np.ndarray:
    """Which rows are in train."""
    import pyarrow.compute as pc

    mask: np.ndarray = pc.equal(rows.column("split"), "train").combine_chunks().to_numpy(zero_copy_only=False)
    return mask


def _divide(rows: FileRows, files: dict[str, Path]) -> dict[str, int]:
    """Write each split's rows into its file; returns how many each has."""
    import pyarrow.compute as pc

    with ExitStack() as stack:
        writers = {name: stack.enter_context(TableWriter.open(path, row_schema())) for name, path in files.items()}
        for table in rows.tables():
            for name, writer in writers.items():
                writer.write(table.filter(pc.equal(table["split"], name)))
    return {name: writer.rows for name, writer in writers.items()}


class Searching:
    """A split filter's search as a job: a batch of rows in, what its train rows share with the held-out ones out."""

    def __init__(self, suite_filter: SuiteFilter, path: Path) -> None:
        self._suite_filter = suite_filter
        self._path = path
        self._index: Any = None

    def __reduce__(self) -> tuple[type[Searching], tuple[SuiteFilter, Path]]:
        """Each process makes an index of its own: it may be larger than what it is made from."""
        return Searching, (self._suite_filter, self._path)

    @property
    def _filter(self) -> SearchingFilter:
        searching: SearchingFilter = self._suite_filter.filter
        return searching

    def index(self) -> Any:
        """What is looked up in; made once."""
        if self._index is None:
            rows = open_rows(self._path)
            with self._blamed():
                self._index = self._filter.index(SomeRows(rows, ~_in_train(rows)))
        return self._index

    def begin(self) -> Work:
        """Make the index."""
        self.index()
        return self._search

    def _search(self, table: pa.Table) -> tuple[pa.Table, ...]:
        import pyarrow as pa
        import pyarrow.compute as pc

        train = table.filter(pc.equal(table["split"], "train"))
        with self._blamed():
            given = self._filter.search(self._index, rows_of(train))
        return (contracts.one(given, pa.Table, self._suite_filter.who(Decontaminate.name)),)

    def _blamed(self) -> AbstractContextManager[object]:
        return blame(Decontaminate.name, f"filter {self._suite_filter.alias}", self._suite_filter.plugin)
