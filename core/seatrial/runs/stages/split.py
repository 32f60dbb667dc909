"""Split: rows into train, validation and test, whole clusters at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.data.clusters import read_clusters
from seatrial.data.splitting import Splitted, split
from seatrial.errors import UsageError
from seatrial.rows import row_schema
from seatrial.rows.table import TableWriter, stored_tables
from seatrial.runs.drops import worst_rules
from seatrial.runs.events import Artifact
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SETS", "Split"]

SETS = ("train", "validation", "test")
"""What rows come apart into in every run; a suite may name more evaluation sets."""


@dataclass(frozen=True, slots=True)
class Split:
    """Assigns a split to every row of `data/deduplicated.parquet` that has none yet."""

    test: float
    """The share of rows that are held out; 0 where the suite brings its test rows."""
    validation: float
    """The share of all rows that early stopping looks at, beside those that are held out for the test."""
    by_cluster: bool
    stratify: bool
    seed: int
    sets: tuple[str, ...] = SETS
    """What rows come apart into: train, validation and test, then the other evaluation sets."""
    asked: tuple[str, ...] = ()
    """The evaluation sets that a model is asked, of which a row must be left."""

    name = "split"
    inputs = ("clean", "deduplicate")  # what cleaning dropped is told where nothing is left
    reads = frozenset({"deduplicated", "clusters"})
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Rows whose source was named as train or test keep that; validation may be carved out of train."""
        clusters = read_clusters(given.files["clusters"]) if self.by_cluster else {}
        splits, done = self._splits(given.files["deduplicated"], clusters)
        path = folder / "data/split.parquet"
        with TableWriter.open(path, row_schema()) as writer:
            for table in stored_tables(given.files["deduplicated"]):
                place = table.schema.get_field_index("split")
                writer.write(table.set_column(place, "split", splits.slice(writer.rows, len(table))))
                progress(writer.rows, len(splits), {})
        counts = {of["values"]: of["counts"] for of in splits.value_counts().to_pylist()}
        for name in self.asked:
            if not counts.get(name):
                raise UsageError(_nothing_left(given, folder, name, whole=not len(splits)))
        facts: dict[str, object] = {name: counts.get(name, 0) for name in self.sets}
        facts |= {"notes": [*done.notes], "warnings": [*done.warnings]}
        return Artifact({"split": path}, facts)

    def _splits(self, path: Path, clusters: dict[str, str]) -> tuple[pa.Array, Splitted]:
        """The split of every row, and what could not be done as asked."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        rows = pq.read_table(path, columns=["id", "label", "group", "split"])
        free = pc.is_in(rows["split"], value_set=pa.array(["", "train"]))
        done = split(
            rows.filter(free),
            test=self.test,
            validation=self.validation,
            clusters=clusters,
            stratify=self.stratify,
            seed=self.seed,
        )
        return pc.replace_with_mask(rows["split"].combine_chunks(), free.combine_chunks(), done.splits), done


def _nothing_left(given: Artifact, folder: RunFolder, name: str, *, whole: bool) -> str:
    """Why no row, or none of an evaluation set, is left, and what to do."""
    stages = [given.facts.get(stage) for stage in Split.inputs]
    drops = [drop for facts in stages if isinstance(facts, Mapping) for drop in facts.get("drops", ())]
    rules = f": {worst_rules(drops)}" if drops else ""
    first = f", and `seatrial why {folder.path} {max(drops, key=_rows)['first']}` tells of one row" if drops else ""
    if whole:
        return (
            f"split: the filters dropped every row, so nothing can be trained or scored{rules}; give rules that are not "
            f"meant for such rows `action: flag`, or leave them out; the ledger names the rule of each{first}"
        )
    dropped = f"; filters dropped{rules.removeprefix(':')}; the ledger names the rule of each{first}" if drops else ""
    advice = "name `data.test` or raise `data.split.test`" if name == "test" else f"look at the rows of `{name}`"
    return f"split: no {name} row is left, so nothing can be scored; {advice}{dropped}"


def _rows(drop: Mapping[str, Any]) -> int:
    return int(drop["rows"])
