"""Splitting: which rows train, which stop the training, which test. Rows that belong together stay together.

Everything is a column: a million rows cost their ids and a few numbers each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from seatrial.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["SplitName", "Splitted", "split"]

SplitName = Literal["train", "validation", "test"]

_NAMES: tuple[SplitName, ...] = get_args(SplitName)
_TRAIN = _NAMES.index("train")
_NOWHERE = -1

_FAR = 0.05
"""How far from the share that was asked for one may be before it is a warning."""

_NAMED = 10
"""Labels that a note names."""


@dataclass(frozen=True, slots=True)
class Splitted:
    """Where every row goes."""

    splits: pa.Array
    """The split of every row that was given, in order."""
    notes: tuple[str, ...]
    """What could not be done as asked, a sentence each, for reviewers."""
    warnings: tuple[str, ...] = ()
    """What makes the splits other than they were meant: shares that were missed, labels that train has none of."""


@dataclass(frozen=True, slots=True)
class _Units:
    """Rows that go to one side together: a cluster, a group, or a row by itself; ordered by their smallest row id."""

    of_row: np.ndarray
    """Shape [rows]: which unit each row belongs to."""
    sizes: np.ndarray
    """Shape [units]: how many rows each has."""
    labels: np.ndarray
    """Shape [units]: the most frequent label of its rows, as an index into `names`; 0 for none."""
    drawn: np.ndarray
    """Shape [units]: the units in an order that the seed draws and the order of rows does not touch."""
    names: Sequence[str | None]
    """The labels, sorted, after None."""


def split(
    rows: pa.Table, *, test: float, validation: float, clusters: Mapping[str, str], stratify: bool, seed: int
) -> Splitted:
    """Divide rows into train, validation and test.

    Rows of one cluster, or of the same non-empty `group`, go to one side. With `stratify`, each label is divided for
    itself: its units are taken in an order drawn from the seed, first for test until its share is reached as nearly as
    whole units allow, then for validation; what rounding leaves over is carried to the next label, so that the total
    is right too. At least one unit of every label stays in train. The result depends on the seed and on what the rows
    are, not on their order.

    Args:
        rows: every row, once: columns `id`, `label` (null where it has none) and `group` ("" where it has none).
        test: share of all rows for test, 0 ≤ test < 1.
        validation: share of all rows for validation, 0 ≤ validation < 1 - test.
        clusters: row id → cluster; rows that it leaves out stand alone.
        stratify: divide each label for itself where the counts allow.
        seed: draws the order.

    Raises:
        UsageError: shares that cannot be, or two rows with one id.
    """
    import numpy as np
    import pyarrow as pa

    _check_shares(test, validation)
    units = _units(rows, clusters, seed)
    notes: list[str] = []
    sides = np.full(len(units.sizes), _NOWHERE, np.int8)
    wanted: list[tuple[SplitName, float]] = [("test", test), ("validation", validation)]
    carried: dict[SplitName, float] = {"test": 0.0, "validation": 0.0}
    for members in _strata(units, stratify, notes):
        _divide(members, units, wanted, carried, sides)
    _fill_empty(units, wanted, sides, notes)
    if stratify:
        notes += _unstratified(units, wanted, sides)
    of_row = sides[units.of_row]
    warnings = [*_missed(units, wanted, of_row), *_unlearnt(rows["label"], of_row)]
    names = pa.array(_NAMES, pa.string())
    return Splitted(names.take(pa.array(of_row)), tuple(notes), tuple(warnings))


def _check_shares(test: float, validation: float) -> None:
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise UsageError(
            f"split: test is {test:g} and validation is {validation:g}; each is a share of the rows from 0 up to below 1, "
            "and together they must leave some for train"
        )


# ---- units -----------------------------------------------------------------------------------------------------------


def _units(rows: pa.Table, clusters: Mapping[str, str], seed: int) -> _Units:
    """The rows that belong together, through clusters and groups alike."""
    import numpy as np
    import pyarrow.compute as pc

    ids = rows["id"]
    order = pc.sort_indices(ids).to_numpy()
    _check_unique(ids, order)
    component = _together(ids, rows["group"], clusters)
    count = int(component.max()) + 1 if len(component) else 0
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    least = np.full(count, len(order), np.int64)
    np.minimum.at(least, component, rank)
    numbers = np.empty(count, np.int64)
    by_key = np.argsort(least)
    numbers[by_key] = np.arange(count)
    of_row = numbers[component]
    keys = ids.take(order[least[by_key]])
    names: list[str | None] = [None, *sorted(rows["label"].drop_null().unique().to_pylist())]
    return _Units(
        of_row=of_row,
        sizes=np.bincount(of_row, minlength=count),
        labels=_commonest(of_row, _codes(rows["label"], names), count),
        drawn=np.argsort(_draws(keys.to_pylist(), seed), kind="stable"),
        names=names,
    )


def _check_unique(ids: pa.ChunkedArray, order: np.ndarray) -> None:
    import pyarrow.compute as pc

    if pc.count_distinct(ids).as_py() == len(ids):
        return
    ordered = ids.take(order).to_pylist()
    twice = next(one for one, other in pairwise(ordered) if one == other)
    raise UsageError(f"split: two rows have the id {twice!r}; ids must be unique")


def _together(ids: pa.ChunkedArray, groups: pa.ChunkedArray, clusters: Mapping[str, str]) -> np.ndarray:
    """Shape [rows]: a number that rows share which belong together, directly or through others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(ids, value_set=pa.array(clusters.keys(), pa.string()))
    of_cluster = pa.array(clusters.values(), pa.string()).take(place.combine_chunks())
    of_group = pc.if_else(pc.equal(groups, ""), pa.scalar(None, pa.string()), groups).combine_chunks()
    ties: list[np.ndarray] = []
    nodes = len(ids)
    for named in (of_cluster, of_group):
        coded = named.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        tied = np.flatnonzero(codes >= 0)
        ties.append(np.stack([tied, codes[tied] + nodes]))
        nodes += len(coded.dictionary)
    if not all(tied.size for tied in ties):  # each row has one name at most
        component = np.arange(len(ids))
        for tied, name in ties:
            component[tied] = name
        return np.unique(component, return_inverse=True)[1]
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, others = np.concatenate(ties, axis=1)
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, others)), shape=(nodes, nodes))
    together: np.ndarray = connected_components(graph, directed=False)[1][: len(ids)]
    return together


def _codes(labels: pa.ChunkedArray, names: Sequence[str | None]) -> np.ndarray:
    """Shape [rows]: each label's index in `names`, where null is 0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(labels, value_set=pa.array(names, pa.string()), skip_nulls=True)
    codes: np.ndarray = found.fill_null(0).to_numpy()
    return codes


def _commonest(of_row: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """Shape [units]: the label that most rows of a unit have; of several, the first in order."""
    import numpy as np

    pairs, times = np.unique(np.stack([of_row, codes]), axis=1, return_counts=True)
    best = np.lexsort((pairs[1], -times, pairs[0]))
    units, first = np.unique(pairs[0][best], return_index=True)
    labels = np.zeros(count, np.int64)
    labels[units] = pairs[1][best][first]
    return labels


def _draws(keys: Sequence[str], seed: int) -> np.ndarray:
    """Shape [units]: a number for each key that the seed draws."""
    import numpy as np

    hashed = b"".join(hashlib.blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(hashed, ">u8")


# ---- dividing --------------------------------------------------------------------------------------------------------


def _strata(units: _Units, stratify: bool, notes: list[str]) -> Iterator[np.ndarray]:
    """The units, in drawn order, that are divided for themselves: a label's, or all where that makes no sense."""
    import numpy as np

    present, counts = np.unique(units.labels, return_counts=True)
    if not stratify or len(present) < 2:
        yield from [units.drawn] if len(units.drawn) else []
        return
    single = np.isin(units.labels, present[counts == 1])
    if 2 * units.sizes[single].sum() > units.sizes.sum():
        notes.append(
            f"not stratified: most of the {len(present)} labels have a single cluster of rows, which cannot be divided"
        )
        yield units.drawn
        return
    by_label = units.drawn[np.argsort(units.labels[units.drawn], kind="stable")]
    yield from np.split(by_label, np.cumsum(counts)[:-1])


def _divide(
    members: np.ndarray,
    units: _Units,
    wanted: Sequence[tuple[SplitName, float]],
    carried: dict[SplitName, float],
    sides: np.ndarray,
) -> None:
    """Assign one stratum's units; at least one stays in train."""
    import numpy as np

    sizes = units.sizes[members]
    total, largest = int(sizes.sum()), int(sizes.max())
    left = members
    if len(left) == 1:  # a single cluster goes to train, and what test missed is not taken from other labels
        wanted = ()
    for name, share in wanted:
        quota = share * total + carried[name]
        taken = _take(units.sizes[left].tolist(), quota, keep=1)
        sides[left[taken]] = _NAMES.index(name)
        missing = quota - int(units.sizes[left[taken]].sum())
        left = np.delete(left, taken)
        carried[name] = max(-largest, min(largest, missing))
    sides[left] = _TRAIN


def _take(sizes: Sequence[int], quota: float, keep: int) -> list[int]:
    """Which units, in order, come as near to the quota as taking each whole allows."""
    taken: list[int] = []
    total = 0
    for place, size in enumerate(sizes):
        if len(taken) + keep >= len(sizes):
            break
        if total + size / 2 <= quota:
            taken.append(place)
            total += size
    return taken


def _fill_empty(units: _Units, wanted: Sequence[tuple[SplitName, float]], sides: np.ndarray, notes: list[str]) -> None:
    """Give a split that was asked for and got nothing the smallest unit of train that its label can spare."""
    import numpy as np

    for name, share in wanted:
        side = _NAMES.index(name)
        if not share or (sides == side).any():
            continue
        train = units.drawn[sides[units.drawn] == _TRAIN]
        if len(train) < 2:
            notes.append(f"the {name} split is empty: there are too few clusters of rows to divide")
            continue
        alone = np.bincount(units.labels[train], minlength=len(units.names))[units.labels[train]] == 1
        sides[train[np.lexsort((units.sizes[train], alone))[0]]] = side


def _unstratified(units: _Units, wanted: Sequence[tuple[SplitName, float]], sides: np.ndarray) -> list[str]:
    """Which labels a split that was asked for has no rows of."""
    import numpy as np

    labels = [(code, name) for code, name in enumerate(units.names) if name is not None]
    counts = {
        side: np.bincount(units.labels[sides == place], minlength=len(units.names)) for place, side in enumerate(_NAMES)
    }
    totals = np.bincount(units.labels, minlength=len(units.names))
    notes = []
    single = [name for code, name in labels if totals[code] == 1]
    if single and sum(totals[code] > 0 for code, _ in labels) > 1:
        notes.append(f"labels with a single cluster of rows, which was not divided: {_listed(single)}")
    for side, share in wanted:
        missing = [name for code, name in labels if totals[code] > 1 and not counts[side][code]]
        if share and missing:
            notes.append(f"labels with too few rows for a share of the {side} split: {_listed(missing)}")
    return notes


def _missed(units: _Units, wanted: Sequence[tuple[SplitName, float]], sides: np.ndarray) -> Iterator[str]:
    """Which splits have a share of the rows that is far from what was asked for."""
    for name, share in wanted:
        got = (sides == _NAMES.index(name)).mean() if len(sides) else share
        if share and abs(got - share) > max(_FAR, 1 / max(len(sides), 1)):
            yield (
                f"{name} has {got:.0%} of the rows (asked: {share:.0%}): they stay together by `group` and by what they say, in "
                f"{len(units.sizes):,} clusters, the largest of {units.sizes.max():,} rows"
            )


def _unlearnt(labels: pa.ChunkedArray, sides: np.ndarray) -> Iterator[str]:
    """Which labels of held-out rows no train row has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    train = pa.array(sides == _TRAIN)
    known = pc.unique(labels.filter(train))
    lacking = labels.filter(pc.and_(pc.invert(train), labels.is_valid())).combine_chunks()
    unknown = lacking.filter(pc.invert(pc.is_in(lacking, value_set=known)))
    if len(unknown):
        names = sorted(unknown.unique().to_pylist())
        yield f"train has no row of the labels {_listed(names)}, and {len(unknown):,} held-out rows have them"


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(repr(label) for label in labels[:_NAMED])
    return named if len(labels) <= _NAMED else f"{named} and {len(labels) - _NAMED} more"
