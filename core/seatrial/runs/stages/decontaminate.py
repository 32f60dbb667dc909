"""Decontaminate: the filters that hold train, and validation, against held-out rows; then the splits, and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seatrial.data.composition import LEARNED, Composition
from seatrial.data.filters import HoldsValidation, Measured, SearchingFilter, SplitFilter, SplitFindings
from seatrial.data.gathering import Gathering
from seatrial.data.ledger import merge_ledgers, write_ledger
from seatrial.rows import row_schema
from seatrial.rows.table import BATCH, FileRows, SomeRows, TableWriter, open_rows, rows_of
from seatrial.runs import contracts
from seatrial.runs.drops import MUCH
from seatrial.runs.engines import Batchwise, Engine, Work
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.shared_rows import shared_groups, shared_rows
from seatrial.runs.sieve import Placed, Sieve
from seatrial.runs.stages import Progress, Steps, blame, in_steps
from seatrial.runs.stages.split import SETS
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Decontaminate"]

Learned = Literal["train", "validation"]
"""The rows that a product hangs on, by their loss or by the choice of a checkpoint."""


@dataclass(frozen=True, slots=True)
class Decontaminate:
    """Runs the split filters; writes `data/<split>.parquet` and the whole `ledger.parquet`."""

    filters: Sequence[SuiteFilter]
    engine: Engine = field(metadata=RUNTIME)
    sets: tuple[str, ...] = SETS
    """What rows come apart into; train is held against every one of the others, validation against those but train."""

    name = "decontaminate"
    inputs = ("read", "clean", "deduplicate", "split")
    reads = frozenset({"split", "ledger:read", "ledger:clean", "ledger:deduplicate"})
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Filter by filter, on the rows that are still in; nothing is dropped twice."""
        import pyarrow as pa

        split, own, ledger = given.files["split"], folder / "ledger/decontaminate.parquet", folder / "ledger.parquet"
        tally = Tally(self.name, self.filters)
        files = {name: folder / f"data/{name}.parquet" for name in self.sets}
        matched = pa.chunked_array([], type=pa.string())
        with (
            write_ledger(own) as entries,
            Sieve.open(self.name, split, entries, tally) as sieve,
            self.engine.open() as work,
        ):
            for steps, suite_filter in in_steps(self.filters, progress):
                pairs = self._compare(suite_filter, sieve, work, tally, steps)
                matched = pa.chunked_array(
                    [*matched.chunks, *(chunk for one in pairs for chunk in one.chunks)], pa.string()
                )
            tally.warn([*shared_rows(sieve.rows, self.sets, matched), *shared_groups(sieve.rows, self.sets)])
            counts = _divide(sieve.rows, files)
        merge_ledgers(ledger, [*(given.files[f"ledger:{stage}"] for stage in ("read", "clean", "deduplicate")), own])
        facts = tally.facts(len(open_rows(split)), sum(counts.values())) | {
            "splits": counts,
            "scored_rows": sum(rows for name, rows in counts.items() if name not in LEARNED),
            "composition": Composition.of({name: open_rows(path) for name, path in files.items()}).facts(),
        }
        return Artifact(files | {"ledger": ledger}, facts)

    def _compare(
        self, suite_filter: SuiteFilter, sieve: Sieve, work: Batchwise, tally: Tally, steps: Steps
    ) -> list[pa.ChunkedArray]:
        """Apply one filter's findings; returns which rows it matched, of either side."""
        import pyarrow.compute as pc

        train, held_out = _sides(sieve.rows, "train")
        if not len(train) or not (len(held_out) or suite_filter.reads or suite_filter.alone):
            why = "there are no held-out rows" if len(train) else "there are no train rows"
            metrics = suite_filter.component.metrics_for(suite_filter.options)
            tally.note(suite_filter.alias, Measured(missing={metric.name: why for metric in metrics}))
            return []
        with blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin), ExitStack() as stack:
            comparison = self._comparison(suite_filter, "train", sieve, work, stack, steps)
            placed = [sieve.placed(suite_filter, comparison.findings)]
            measured = comparison.measured
            validation, others = _sides(sieve.rows, "validation")
            held = isinstance(suite_filter.filter, HoldsValidation) and len(validation) > 0
            if held and (len(others) or suite_filter.reads):
                comparison = self._comparison(suite_filter, "validation", sieve, work, stack, steps)
                placed.append(sieve.placed(suite_filter, comparison.findings))
                measured = _together(measured, comparison.measured)
        sieve.apply(suite_filter, placed)
        tally.note(suite_filter.alias, measured)
        if len(placed) > 1:
            tally.warn(_warnings(suite_filter.alias, placed[-1], len(validation), sieve.rows))
        pairs = [part.found.filter(pc.is_valid(part.found["matched_row"])) for part in placed]
        return [part[name] for part in pairs for name in ("row", "matched_row")]

    @staticmethod
    def _comparison(
        suite_filter: SuiteFilter, of: Learned, sieve: Sieve, work: Batchwise, stack: ExitStack, steps: Steps
    ) -> SplitFindings:
        split_filter, (learned, others) = _filter_of(suite_filter, of), _sides(sieve.rows, of)
        if not isinstance(split_filter, SearchingFilter):
            return SplitFindings.of(split_filter.compare(learned, others))
        gathering = stack.enter_context(Gathering.open(sieve.scratch / f"{of}.arrow"))
        searching = Searching(suite_filter, of, sieve.rows.path)
        for (found,) in work.map(searching, sieve.rows.path):
            gathering.add(found)
            steps(1, len(learned) // BATCH + 1)
        return SplitFindings.of(split_filter.conclude(searching.index(), gathering.table(), learned, others))


def _filter_of(suite_filter: SuiteFilter, of: Learned) -> SplitFilter:
    """What train, or validation, is held against the other rows by."""
    found: SplitFilter = suite_filter.filter if of == "train" else suite_filter.filter.of_validation()
    return found


def _sides(rows: FileRows, of: Learned) -> tuple[SomeRows, SomeRows]:
    """The rows of train and all held-out ones, or those of validation and of the evaluation sets behind it."""
    split = rows.column("split").combine_chunks().to_numpy(zero_copy_only=False)
    learned = split == of
    return SomeRows(rows, learned), SomeRows(rows, ~learned & (split != "train"))


def _together(of_train: Measured, of_validation: Measured) -> Measured:
    """What a filter measured of train and of validation; of one metric, what the latter says."""
    measures = {**of_train.measures, **of_validation.measures}
    missing = {**of_train.missing, **of_validation.missing}
    return Measured(
        {name: value for name, value in measures.items() if name not in of_validation.missing},
        {name: why for name, why in missing.items() if name not in of_validation.measures},
        {**of_train.facts, "validation": dict(of_validation.facts)},
        [*of_train.blocks, *of_validation.blocks],
    )


def _warnings(alias: str, placed: Placed, of: int, rows: FileRows) -> list[str]:
    """A sentence where a checkpoint is chosen by held-out rows, or would have been to a large part."""
    import pyarrow.compute as pc

    found = placed.found["row"].unique()
    left = rows.column("id").filter(pc.equal(rows.column("split"), "validation"))
    still_in = len(left.filter(pc.is_in(left, value_set=found)))
    if not still_in and len(found) < MUCH * of:
        return []
    what = f"decontaminate: {alias} finds {len(found):,} of {of:,} validation rows in what scores are computed on"
    if still_in:
        return [f"{what}, and {still_in:,} of them stay: early stopping chooses a checkpoint by these"]
    return [f"{what}; without them {len(left):,} are left for early stopping to choose a checkpoint by"]


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
    """A split filter's search as a job: a batch of rows in, what its train (or validation) rows share with the others out."""

    def __init__(self, suite_filter: SuiteFilter, of: Learned, path: Path) -> None:
        self._suite_filter = suite_filter
        self._of: Learned = of
        self._path = path
        self._filter: Any = _filter_of(suite_filter, of)
        self._index: Any = None

    def __reduce__(self) -> tuple[type[Searching], tuple[SuiteFilter, Learned, Path]]:
        """Each process makes an index of its own: it may be larger than what it is made from."""
        return Searching, (self._suite_filter, self._of, self._path)

    def index(self) -> Any:
        """What is looked up in; made once."""
        if self._index is None:
            _, others = _sides(open_rows(self._path), self._of)
            with self._blamed():
                self._index = self._filter.index(others)
        return self._index

    def begin(self) -> Work:
        """Make the index."""
        self.index()
        return self._search

    def _search(self, table: pa.Table) -> tuple[pa.Table, ...]:
        import pyarrow as pa
        import pyarrow.compute as pc

        learned = table.filter(pc.equal(table["split"], self._of))
        with self._blamed():
            given = self._filter.search(self._index, rows_of(learned))
        return (contracts.one(given, pa.Table, self._suite_filter.who(Decontaminate.name)),)

    def _blamed(self) -> AbstractContextManager[object]:
        return blame(Decontaminate.name, f"filter {self._suite_filter.alias}", self._suite_filter.plugin)
