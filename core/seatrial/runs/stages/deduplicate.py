"""Deduplicate: the filters that hold rows against each other (duplicates, label counts), inside each split that is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.data.clusters import Clusters
from seatrial.data.filters import CorpusFilter, Grouping
from seatrial.data.gathering import Gathering
from seatrial.data.ledger import write_ledger
from seatrial.errors import ContractError
from seatrial.rows.lookup import Lookup
from seatrial.rows.table import FileRows, open_rows, rows_of
from seatrial.runs import contracts
from seatrial.runs.engines import Batchwise, Engine, Work
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.sieve import Sieve
from seatrial.runs.stages import Progress, Steps, blame, in_steps
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Deduplicate"]


@dataclass(frozen=True, slots=True)
class Deduplicate:
    """Runs the corpus filters over `data/clean.parquet`; what stays is `data/deduplicated.parquet`."""

    filters: Sequence[SuiteFilter]
    engine: Engine = field(metadata=RUNTIME)

    name = "deduplicate"
    inputs = ("clean",)
    reads = frozenset({"clean"})
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Filter by filter: signatures of all rows still in, then the grouping."""
        clean, compared, ledger = (
            given.files["clean"],
            folder / "data/deduplicated.parquet",
            folder / "ledger/deduplicate.parquet",
        )
        tally, clusters = Tally(self.name, self.filters), Clusters()
        with (
            write_ledger(ledger) as entries,
            Sieve.open(self.name, clean, entries, tally) as sieve,
            self.engine.open() as work,
        ):
            for steps, suite_filter in in_steps(self.filters, progress):
                self._compare(suite_filter, sieve, work, clusters, steps)
            count = sieve.finish(compared)
        clusters.write(folder / "data/clusters.parquet")
        files = {"deduplicated": compared, "clusters": folder / "data/clusters.parquet", "ledger:deduplicate": ledger}
        return Artifact(files, tally.facts(len(open_rows(clean)), count))

    def _compare(
        self, suite_filter: SuiteFilter, sieve: Sieve, work: Batchwise, clusters: Clusters, steps: Steps
    ) -> None:
        """One filter, inside each split by itself; its findings are about the rows as they were when it began."""
        import pyarrow as pa

        corpus_filter: CorpusFilter = suite_filter.filter
        rows = sieve.rows
        lookup = Lookup(rows)
        with (
            blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin),
            Gathering.open(sieve.scratch / "signatures.arrow") as signatures,
        ):
            for (signed,) in work.map(Signing(suite_filter), rows.path):
                signatures.add(signed)
                steps(len(signed), len(rows))
            found = []
            for mask in _splits(rows):
                given = corpus_filter.group(_inside(signatures.table(), mask), lookup)
                grouping = contracts.one(given, Grouping, suite_filter.who(self.name))
                inside = rows.column("id").filter(pa.array(mask))
                clusters.merge(contracts.clusters(grouping.clusters, inside, suite_filter.who(self.name)))
                found.append(sieve.placed(suite_filter, grouping.findings, mask))
        sieve.apply(suite_filter, found)


def _splits(rows: FileRows) -> Iterator[np.ndarray]:
    """For each split that rows are in, which rows are in it."""
    import numpy as np

    coded = rows.column("split").combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    for name in np.argsort(coded.dictionary.to_pylist()):
        yield codes == name


def _inside(table: pa.Table, mask: np.ndarray) -> pa.Table:
    """The records for which the mask holds: a view where they are one stretch, which they are unless sources alternate."""
    import numpy as np
    import pyarrow as pa

    first, count = int(mask.argmax()), int(mask.sum())
    if np.all(mask[first : first + count]):
        return table.slice(first, count)
    return table.filter(pa.array(mask))


@dataclass(frozen=True, slots=True)
class Signing:
    """A corpus filter's signatures as a job: a batch of rows in, their signatures out."""

    suite_filter: SuiteFilter

    def begin(self) -> Work:
        """The filter is built already."""
        return self._sign

    def _sign(self, table: pa.Table) -> tuple[pa.Table, ...]:
        import pyarrow as pa

        corpus_filter: CorpusFilter = self.suite_filter.filter
        with blame(Deduplicate.name, f"filter {self.suite_filter.alias}", self.suite_filter.plugin):
            given = corpus_filter.signatures(rows_of(table))
        signatures = contracts.one(given, pa.Table, self.suite_filter.who(Deduplicate.name))
        if len(signatures) != len(table):
            raise ContractError(
                f"{self.suite_filter.who(Deduplicate.name)} gave {len(signatures)} signatures for {len(table)} rows; it must "
                "give one a row, in order"
            )
        return (signatures,)
