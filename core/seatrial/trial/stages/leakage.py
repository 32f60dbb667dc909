"""Leakage: the filters that hold train against the held-out rows; then the splits, the ledger and the coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.data.coverage import coverage
from seatrial.data.ledger import ledger_schema, write_ledger
from seatrial.data.table import RowList, open_rows, write_rows
from seatrial.events import Artifact
from seatrial.filters import SplitFilter
from seatrial.rows import Row
from seatrial.store import RunFolder, atomic_file
from seatrial.trial.stages import Progress, blame
from seatrial.trial.stages.clean import Chain, SuiteFilter

__all__ = ["SPLITS", "Leakage"]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Leakage:
    """Runs the split filters; writes `data/<split>.parquet` and the whole `ledger.parquet`."""

    filters: Sequence[SuiteFilter]

    name = "leakage"
    after = ("read", "clean", "compare", "split")

    def parts(self) -> object:
        """The filters."""
        return [suite_filter.parts() for suite_filter in self.filters]

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Filter by filter, on the rows that are still in; nothing is dropped twice."""
        rows = {row.id: row for row in open_rows(given.files["split"])}
        chain = Chain(self.name)
        for done, suite_filter in enumerate(self.filters):
            progress(done, len(self.filters), {})
            self._compare(suite_filter, rows, chain)
        kept = [row for row in rows.values() if row.id not in chain.dropped]
        splits = {name: [row for row in kept if row.split == name] for name in SPLITS}
        for name, members in splits.items():
            write_rows(folder / f"data/{name}.parquet", members)
        with write_ledger(folder / "ledger/leakage.parquet") as ledger:
            for entry in chain.entries:
                ledger.add(entry)
        self._merge_ledgers(given, folder)
        progress(len(self.filters), len(self.filters), {})
        facts = chain.facts(len(rows), len(kept)) | {
            "splits": {name: len(members) for name, members in splits.items()},
            "coverage": coverage(splits["train"], splits["test"], splits["validation"]).facts(),
        }
        files = {name: folder / f"data/{name}.parquet" for name in SPLITS} | {"ledger": folder / "ledger.parquet"}
        return Artifact(files, facts)

    def _compare(self, suite_filter: SuiteFilter, rows: dict[str, Row], chain: Chain) -> None:
        split_filter: SplitFilter = suite_filter.filter
        inside = [row for row in rows.values() if row.id not in chain.dropped]
        train = RowList([row for row in inside if row.split == "train"])
        held_out = RowList([row for row in inside if row.split != "train"])
        if not len(train) or not len(held_out):
            return  # there is nothing to hold against each other
        with blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin):
            findings = list(split_filter.compare(train, held_out))
        found = [rows[name] for name in dict.fromkeys(finding.row for finding in findings) if name in rows]
        for row in chain.apply(suite_filter, found, findings):
            rows[row.id] = row

    @staticmethod
    def _merge_ledgers(given: Artifact, folder: RunFolder) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = [given.files[f"ledger:{stage}"] for stage in ("read", "clean", "compare")]
        tables = [pq.read_table(path) for path in (*parts, folder / "ledger/leakage.parquet")]
        with atomic_file(folder / "ledger.parquet") as part:
            pq.write_table(pa.concat_tables([ledger_schema().empty_table(), *tables]), part, compression="zstd")
