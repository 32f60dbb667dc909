"""Compare: the filters that hold rows against each other (duplicates, label counts), inside each split that is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seatrial.data.clusters import Clusters
from seatrial.data.ledger import write_ledger
from seatrial.data.table import FileRows, batches, open_rows, write_rows
from seatrial.events import Artifact
from seatrial.filters import CorpusFilter
from seatrial.rows import Row
from seatrial.store import RunFolder
from seatrial.trial.stages import Progress, blame
from seatrial.trial.stages.clean import Chain, SuiteFilter

__all__ = ["Compare"]


@dataclass(frozen=True, slots=True)
class Compare:
    """Runs the corpus filters over `data/clean.parquet`; what stays is `data/compared.parquet`."""

    filters: Sequence[SuiteFilter]

    name = "compare"
    after = ("clean",)

    def parts(self) -> object:
        """The filters."""
        return [suite_filter.parts() for suite_filter in self.filters]

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Filter by filter: signatures of all rows still in, then the grouping."""
        table = _Table(open_rows(given.files["clean"]))
        chain = Chain(self.name)
        clusters = Clusters()
        for done, suite_filter in enumerate(self.filters):
            progress(done, len(self.filters), {})
            for split in table.splits:
                self._compare(suite_filter, table, split, chain, clusters)
        progress(len(self.filters), len(self.filters), {})
        count = write_rows(folder / "data/compared.parquet", table.rows(chain.dropped))
        clusters.write(folder / "data/clusters.parquet")
        with write_ledger(folder / "ledger/compare.parquet") as ledger:
            for entry in chain.entries:
                ledger.add(entry)
        files = {
            "compared": folder / "data/compared.parquet",
            "clusters": folder / "data/clusters.parquet",
            "ledger:compare": folder / "ledger/compare.parquet",
        }
        return Artifact(files, chain.facts(len(table), count))

    def _compare(self, suite_filter: SuiteFilter, table: _Table, split: str, chain: Chain, clusters: Clusters) -> None:
        import pyarrow as pa

        corpus_filter: CorpusFilter = suite_filter.filter
        inside = (row for row in table.rows(chain.dropped) if row.split == split)
        with blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin):
            signatures = [corpus_filter.signatures(batch) for batch in batches(inside)]
            if not signatures:
                return
            grouping = corpus_filter.group(pa.concat_tables(signatures), table.lookup)
        clusters.merge(grouping.clusters)
        found = dict.fromkeys(finding.row for finding in grouping.findings)
        for row in chain.apply(suite_filter, [table.lookup(name) for name in found], grouping.findings):
            table.replace(row)


class _Table:
    """The stage's rows: on disk, but for those that a filter changed."""

    def __init__(self, rows: FileRows) -> None:
        self._rows = rows
        self._index = {name: index for index, name in enumerate(rows.column("id").to_pylist())}
        self._changed: dict[str, Row] = {}
        self.splits: list[str] = sorted(set(rows.column("split").to_pylist()))

    def __len__(self) -> int:
        return len(self._rows)

    def lookup(self, name: str) -> Row:
        return self._changed.get(name) or self._rows[self._index[name]]

    def replace(self, row: Row) -> None:
        if row != self.lookup(row.id):
            self._changed[row.id] = row

    def rows(self, dropped: set[str]) -> Iterator[Row]:
        for row in self._rows:
            if row.id not in dropped:
                yield self._changed.get(row.id, row)
