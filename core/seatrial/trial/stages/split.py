"""Split: rows into train, validation and test, whole clusters at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from seatrial.data.clusters import read_clusters
from seatrial.data.splitting import split
from seatrial.data.table import open_rows, write_rows
from seatrial.errors import UsageError
from seatrial.events import Artifact
from seatrial.rows import Row
from seatrial.store import RunFolder
from seatrial.trial.stages import Progress

__all__ = ["Split"]


@dataclass(frozen=True, slots=True)
class Split:
    """Assigns a split to every row of `data/compared.parquet` that has none yet."""

    test: float
    """The share of rows that are held out; 0 where the suite brings its test rows."""
    validation: float
    """The share of all rows that early stopping looks at, beside those that are held out for the test."""
    by_cluster: bool
    stratify: bool
    seed: int
    scored: bool = True
    """Whether a model will be scored, so that a test row must be left."""

    name = "split"
    after = ("compare",)

    def parts(self) -> object:
        """Fractions, manner and seed."""
        return [self.test, self.validation, self.by_cluster, self.stratify, self.seed]

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Rows whose source was named as train or test keep that; validation may be carved out of train."""
        rows = open_rows(given.files["compared"])
        clusters = read_clusters(given.files["clusters"]) if self.by_cluster else {}
        free = [row for row in rows if row.split in ("", "train")]
        done = split(
            free,
            test=self.test,
            validation=self.validation,
            clusters=clusters,
            stratify=self.stratify,
            seed=self.seed,
        )
        counts: Counter[str] = Counter()

        def placed() -> Iterator[Row]:
            for row in rows:
                name = done.assignment.get(row.id, row.split)
                counts[name] += 1
                yield replace(row, split=name)

        count = write_rows(folder / "data/split.parquet", placed())
        progress(count, count, {})
        if self.scored and not counts["test"]:
            raise UsageError(
                "split: no test row is left, so nothing can be scored; name `data.test`, raise `data.split.test`, or see "
                "in the ledger which filter dropped the rows"
            )
        facts = {name: counts[name] for name in ("train", "validation", "test")} | {"notes": list(done.notes)}
        return Artifact({"split": folder / "data/split.parquet"}, facts)
