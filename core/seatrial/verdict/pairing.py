"""Pairs: the answers of two systems to the same rows, or the reason why rows can't be paired."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.evaluation.samples import sample_clusters
from seatrial.evaluation.scores import Metric
from seatrial.stats import cluster_index

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Pairs", "align"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What a metric says of two systems, row by row."""

    ours: np.ndarray
    theirs: np.ndarray
    clusters: np.ndarray | None
    """The cluster of each row, from 0 up; None where each is its own."""

    def improvements(self, metric: Metric) -> np.ndarray:
        """How much better ours is on each row, whichever way better is."""
        found: np.ndarray = self.ours - self.theirs if metric.better == "higher" else self.theirs - self.ours
        return found


def align(
    metric: Metric, tables: tuple[pa.Table, pa.Table], names: tuple[str, str], *, same_prompts: bool
) -> Pairs | str:
    """Pair two tables of samples, each sorted by row, or say why they aren't about the same items."""
    import pyarrow.compute as pc

    problem = _misaligned(tables, names, same_prompts=same_prompts)
    if problem:
        return problem
    column = f"value:{metric.column}"
    applies = [pc.is_valid(table[column]) for table in tables]
    apart = pc.sum(pc.xor(*applies)).as_py()
    if apart:
        return (
            f"{metric.column} applies to only one of {names[0]} and {names[1]} in {apart} of {tables[0].num_rows} rows"
        )
    applied = [table.filter(applies[0]) for table in tables]
    index = cluster_index(_clusters(*applied))
    ours, theirs = (table[column].to_numpy().astype("float64") for table in applied)
    return Pairs(ours, theirs, None if int(index.max()) + 1 == index.size else index)


def _misaligned(tables: tuple[pa.Table, pa.Table], names: tuple[str, str], *, same_prompts: bool) -> str | None:
    import pyarrow.compute as pc

    ours, theirs = tables
    for table, name in zip(tables, names, strict=True):
        distinct = pc.count_distinct(table["row"]).as_py()
        if distinct != table.num_rows:
            return f"{name} has {table.num_rows} samples of {distinct} rows, so rows can't be paired"
    if not ours["row"].equals(theirs["row"]):
        alone = [
            a.filter(pc.invert(pc.is_in(a["row"], b["row"].combine_chunks()))) for a, b in (tables, reversed(tables))
        ]
        said = ", ".join(f"{table.num_rows} only for {name}" for table, name in zip(alone, names, strict=True))
        return f"they were scored on different rows: {said}{_why_apart(alone[0], alone[1], names)}"
    columns = [("target", "targets"), *([("prompt_hash", "prompts")] if same_prompts else [])]
    for column, plural in columns:
        both = zip(ours[column].to_pylist(), theirs[column].to_pylist(), strict=True)
        apart = [(a, b) for a, b in both if a != b]
        if apart:
            said = f"{len(apart)} of {ours.num_rows} rows have different {plural} for {names[0]} and {names[1]}"
            return f"{said}, such as {apart[0][0]!r} and {apart[0][1]!r}" if column == "target" else said
    return None


def _why_apart(ours: pa.Table, theirs: pa.Table, names: tuple[str, str]) -> str:
    """What the rows that only one system was scored on have in common, where that tells why: ids are made of what rows say."""
    asked = {said: target for said, target in _columns(theirs, "prompt_hash", "target") if said}
    both = [(target, asked[said]) for said, target in _columns(ours, "prompt_hash", "target") if said in asked]
    changed = [pair for pair in both if pair[0] != pair[1]]
    if changed:
        return (
            f"; {len(changed)} of these have the same prompt and another target, such as {changed[0][0]!r} for {names[0]} "
            f"and {changed[0][1]!r} for {names[1]}: their labels or answers are written otherwise"
        )
    styled = {_plain(target): target for _, target in _columns(theirs, "row", "target") if target}
    for _, target in _columns(ours, "row", "target"):
        other = styled.get(_plain(target)) if target else None
        if other is not None and other != target:
            return (
                f"; their targets are written otherwise, such as {target!r} for {names[0]} and {other!r} for {names[1]}"
            )
    return ""


def _columns(table: pa.Table, *names: str) -> zip[tuple[str, ...]]:
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _plain(target: str) -> str:
    """A target without its style: `card_arrival` and `Card arrival` are one."""
    return re.sub(r"[\W_]+", " ", target).strip().casefold()


def _clusters(ours: pa.Table, theirs: pa.Table) -> list[object]:
    """The cluster of each row as ours name it; as theirs do where ours name none."""
    return [
        other if one[0] == "row" else one
        for one, other in zip(sample_clusters(ours), sample_clusters(theirs), strict=True)
    ]
