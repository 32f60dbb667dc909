"""Splitting: which rows train, which stop the training, which test. Rows that belong together stay together."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from seatrial.data.clusters import Clusters
from seatrial.errors import UsageError
from seatrial.rows import Row

__all__ = ["SplitName", "Splitted", "split"]

SplitName = Literal["train", "validation", "test"]

_NAMED = 10
"""Labels that a note names."""


@dataclass(frozen=True, slots=True)
class Splitted:
    """Where every row goes."""

    assignment: Mapping[str, SplitName]
    """Row id → split, for every row that was given."""
    notes: tuple[str, ...]
    """What could not be done as asked, a sentence each, for reviewers."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """Rows that go to one side together: a cluster, a group, or a row by itself."""

    key: str
    """The smallest row id: the same whatever the order of the rows."""
    rows: tuple[str, ...]
    label: str | None
    """The most frequent one of its rows."""

    @property
    def size(self) -> int:
        return len(self.rows)


def split(
    rows: Iterable[Row], *, test: float, validation: float, clusters: Mapping[str, str], stratify: bool, seed: int
) -> Splitted:
    """Divide rows into train, validation and test.

    Rows of one cluster, or of the same non-empty `group`, go to one side. With `stratify`, each label is divided for
    itself: its units are taken in an order drawn from the seed, first for test until its share is reached as nearly as
    whole units allow, then for validation; what rounding leaves over is carried to the next label, so that the total
    is right too. At least one unit of every label stays in train. The result depends on the seed and on what the rows
    are, not on their order.

    Args:
        rows: every row, once; only id, label and group are kept.
        test: share of all rows for test, 0 ≤ test < 1.
        validation: share of all rows for validation, 0 ≤ validation < 1 - test.
        clusters: row id → cluster; rows that it leaves out stand alone.
        stratify: divide each label for itself where the counts allow.
        seed: draws the order.

    Raises:
        UsageError: shares that cannot be, or two rows with one id.
    """
    _check_shares(test, validation)
    units = _units(rows, clusters)
    notes: list[str] = []
    assignment: dict[str, SplitName] = {}
    wanted: list[tuple[SplitName, float]] = [("test", test), ("validation", validation)]
    strata = _strata(units, stratify, notes)
    carried: dict[SplitName, float] = {"test": 0.0, "validation": 0.0}
    for members in strata:
        _divide(_drawn(members, seed), wanted, carried, assignment)
    _fill_empty(units, wanted, assignment, seed, notes)
    if stratify:
        notes += _unstratified(units, wanted, assignment)
    return Splitted({row: assignment[unit.key] for unit in units for row in unit.rows}, tuple(notes))


def _check_shares(test: float, validation: float) -> None:
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise UsageError(
            f"split: test is {test:g} and validation is {validation:g}; each is a share of the rows from 0 up to below 1, "
            "and together they must leave some for train"
        )


def _units(rows: Iterable[Row], clusters: Mapping[str, str]) -> list[_Unit]:
    """The rows that belong together, through clusters and groups alike, by key."""
    labels: dict[str, str | None] = {}
    groups: dict[str, str] = {}
    for row in rows:
        if row.id in labels:
            raise UsageError(f"split: two rows have the id {row.id!r}; ids must be unique")
        labels[row.id] = row.label
        if row.group:
            groups[row.id] = row.group
    together = Clusters()
    together.merge({row: row for row in labels})
    together.merge({row: cluster for row, cluster in clusters.items() if row in labels})
    together.merge(groups)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for name, key in together.named().items():
        members[key].append(name)
    return [
        _Unit(key, tuple(sorted(ids)), _commonest([labels[row] for row in ids])) for key, ids in sorted(members.items())
    ]


def _commonest(labels: Sequence[str | None]) -> str | None:
    return min(Counter(labels).items(), key=lambda item: (-item[1], item[0] or ""))[0]


def _strata(units: Sequence[_Unit], stratify: bool, notes: list[str]) -> list[list[_Unit]]:
    """The units that are divided for themselves: a label's, or all where that is not asked for or makes no sense."""
    by_label: defaultdict[str | None, list[_Unit]] = defaultdict(list)
    for unit in units:
        by_label[unit.label].append(unit)
    if not stratify or len(by_label) < 2:
        return [list(units)] if units else []
    alone = sum(members[0].size for members in by_label.values() if len(members) == 1)
    if alone * 2 > sum(unit.size for unit in units):
        notes.append(
            f"not stratified: most of the {len(by_label)} labels have a single cluster of rows, which cannot be divided"
        )
        return [list(units)]
    return [by_label[label] for label in sorted(by_label, key=lambda label: (label is not None, label or ""))]


def _drawn(units: Iterable[_Unit], seed: int) -> list[_Unit]:
    """In an order that the seed draws and the order of rows does not touch."""
    return sorted(units, key=lambda unit: hashlib.blake2b(f"{seed}\0{unit.key}".encode(), digest_size=8).digest())


def _divide(
    units: Sequence[_Unit],
    wanted: Sequence[tuple[SplitName, float]],
    carried: dict[SplitName, float],
    assignment: dict[str, SplitName],
) -> None:
    """Assign one stratum's units; at least one stays in train."""
    total = sum(unit.size for unit in units)
    largest = max(unit.size for unit in units)
    left = list(units)
    if len(left) == 1:  # a single cluster goes to train, and what test missed is not taken from other labels
        wanted = ()
    for name, share in wanted:
        quota = share * total + carried[name]
        taken = _take(left, quota, keep=1)
        for unit in taken:
            assignment[unit.key] = name
        left = [unit for unit in left if unit.key not in assignment]
        missing = quota - sum(unit.size for unit in taken)
        carried[name] = max(-largest, min(largest, missing))
    for unit in left:
        assignment[unit.key] = "train"


def _take(units: Sequence[_Unit], quota: float, keep: int) -> list[_Unit]:
    """Units, in order, that come as near to the quota as taking each whole allows."""
    taken: list[_Unit] = []
    size = 0
    for unit in units:
        if len(taken) + keep >= len(units):
            break
        if size + unit.size / 2 <= quota:
            taken.append(unit)
            size += unit.size
    return taken


def _fill_empty(
    units: Sequence[_Unit],
    wanted: Sequence[tuple[SplitName, float]],
    assignment: dict[str, SplitName],
    seed: int,
    notes: list[str],
) -> None:
    """Give a split that was asked for and got nothing the smallest unit of train that its label can spare."""
    for name, share in wanted:
        if not share or name in assignment.values():
            continue
        train = [unit for unit in _drawn(units, seed) if assignment[unit.key] == "train"]
        if len(train) < 2:
            notes.append(f"the {name} split is empty: there are too few clusters of rows to divide")
            continue
        labels = Counter(unit.label for unit in train)
        spared = min(train, key=lambda unit: (labels[unit.label] == 1, unit.size))
        assignment[spared.key] = name


def _unstratified(
    units: Sequence[_Unit], wanted: Sequence[tuple[SplitName, float]], assignment: Mapping[str, SplitName]
) -> list[str]:
    """Which labels a split that was asked for has no rows of."""
    counts: defaultdict[str, Counter[SplitName]] = defaultdict(Counter)
    for unit in units:
        if unit.label is not None:
            counts[unit.label][assignment[unit.key]] += 1
    notes = []
    single = sorted(label for label, of in counts.items() if of.total() == 1)
    if single and len(counts) > 1:
        notes.append(f"labels with a single cluster of rows, which was not divided: {_listed(single)}")
    for name, share in wanted:
        missing = sorted(label for label, of in counts.items() if of.total() > 1 and not of[name])
        if share and missing:
            notes.append(f"labels with too few rows for a share of the {name} split: {_listed(missing)}")
    return notes


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(repr(label) for label in labels[:_NAMED])
    return named if len(labels) <= _NAMED else f"{named} and {len(labels) - _NAMED} more"
