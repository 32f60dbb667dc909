"""Unmatched: test rows that stand among test rows alone, where train rows would stand, too, if train had their kind.

A cosine tells little by itself: in a set about one subject all rows are near. So each test row is asked whose rows are
nearest to it, as in the nearest-neighbour test of two samples (Schilling 1986, JASA 81, 799-806; Henze 1988, Annals of
Statistics 16, 772-783), here row by row; and, since a few rows stand in one another's neighbourhoods only in part, also
together with the test rows nearest to it.

Measured on BANKING77, ten draws each (tests/bench/coverage.py): of five intents taken out of train, 40 test rows each, all 50
make a kind, and no other rows do; 62 to 83% of their test rows are found, and 0.7% of the others. Of eight intents of fewer rows
that were taken out, 80 of 80 make a kind with 100 train and 40 test rows an intent, 70 with 75 and 30, 66 with 60 and 20, 53
with 50 and 15; of the 377 kinds that were named three are false. With none taken out there is no kind. What is missed stands too
near to another intent for this encoder: distances that were learnt from the labels find no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import binom

from seatrial import Finding, Measured
from seatrial_plugins.coverage.nearness import NEIGHBOURS, Near

__all__ = ["FOUND", "LEAST", "UNMATCHED_METRICS", "Unmatched", "find_unmatched", "least_rows", "most_by_chance"]

UNMATCHED_METRICS = ("unmatched_rows", "unmatched_kinds")
"""What gates can hold."""

FOUND = (
    "of kinds of 40 test rows that train lacked all were found in a trial on bank customers’ questions, of 30 seven in eight, of "
    "20 four in five, of 15 two in three"
)
"""From which size on a kind can be found, for reports."""

CHANCE = 0.001
"""A row is unmatched if so few train rows among its nearest come by chance no more often than this."""

SAME = 0.95
"""A row as near as this to a train row has its match, however many test rows are nearer: the default threshold of the
filter `semantic_duplicates`."""

LEAST, GROWN_FROM = 4, 1_000
"""Rows that make a kind where there are no more test rows than that; fewer come by chance. Twice as many rows make more
groups by chance: with two rows more for each doubling, and eight nearest rows instead of six, 3 of 377 kinds were false, without
65 of 532."""

NEAREST, BESIDE = 8, 5
"""Nearest rows of a row and of that many test rows nearest to it that are counted together."""

LINKED = 8
"""Test rows nearest to a row that it is of one kind with, if it is one of theirs, too."""

HALF, OWN = 0.45, 0.6
"""Of the train rows that would be among these by chance, the largest share that may be: of all together, and of its own."""


SMALLEST = 1 + math.ceil(NEAREST * (1 - HALF))
"""Rows of the smallest kind that can be found: so many of a row's nearest must be of its kind."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Kinds of test rows that train lacks."""

    rows: np.ndarray
    """The unmatched rows, by their place among the compared test rows, ascending."""
    kind: np.ndarray
    """The kind of each, the largest first, -1 where there are too few to be one; shape [rows]."""
    central: tuple[int, ...]
    """For each kind, the place among the compared test rows of the one that most others are near to."""
    train_neighbours: np.ndarray
    """How many of its nearest rows are train rows; shape [rows]."""
    together: np.ndarray
    """The share of train rows among its nearest and those of the test rows nearest to it; shape [rows]."""
    least: int
    """So many rows make a kind."""
    most: int
    """That many train rows, or fewer, make a row unmatched by itself; -1 where not even none would."""
    lacks: str = ""
    """Why no row could be found, whatever train lacks; "" where some could."""

    def measured(self, near: Near) -> Measured:
        """What gates can hold; nothing of a sample, which is no count of all rows."""
        if why := near.drawn or self.lacks:
            return Measured(missing=dict.fromkeys(UNMATCHED_METRICS, why))
        return Measured({"unmatched_rows": len(self.rows), "unmatched_kinds": len(self.central)})

    def findings(self, near: Near, ids: pa.ChunkedArray) -> Iterator[Finding]:
        """One for each unmatched row; `ids` are those of all rows."""
        names = ids.take(pa.array(near.rows[self.rows])).to_pylist()
        nearest = ids.take(pa.array(np.maximum(near.train[self.rows, 0], 0))).to_pylist()
        counts, shares = self.train_neighbours.tolist(), self.together.tolist()
        for row, other, count, share, similarity in zip(
            names, nearest, counts, shares, near.similarity[self.rows].tolist(), strict=True
        ):
            detail = f"{count} of its {NEIGHBOURS} nearest rows stand in train, "
            if count <= self.most:
                detail += f"at most {self.most} where train lacks its kind"
            else:
                detail += f"and {share:.0%} of those nearest to it and to the test rows around it, of all rows {near.share:.0%}"
            detail += f"; the nearest train row has a cosine of {similarity:.2f}"
            yield Finding(
                row, "unmatched", detail, score=count / NEIGHBOURS, matched_row=other if similarity > 0 else None
            )


def find_unmatched(near: Near, thin: float) -> Unmatched:
    """The test rows among whose nearest rows there are hardly any train rows, in groups of near ones.

    Args:
        near: the nearest rows of each.
        thin: the largest share of train rows.
    """
    most = most_by_chance(near.share, thin)
    nearer = np.concatenate([near.to_train, near.to_test], axis=1)
    # Of equally near rows those of train count first: sorting is stable, and they stand first.
    order = np.argsort(-nearer, axis=1, kind="stable")[:, :NEIGHBOURS]
    full = np.isfinite(np.take_along_axis(nearer, order, axis=1)).all(axis=1)
    in_train = order < near.to_train.shape[1]
    count, together = in_train.sum(axis=1), _together(near, in_train[:, :NEAREST].sum(axis=1))
    near_test = near.to_test[:, 0] > 0
    few = count <= most
    if thin > 0 and most >= 0 and _speaks(near.share):
        few |= together <= HALF * near.share
    rows = np.flatnonzero(full & near_test & few & (near.similarity < SAME))
    least = least_rows(near.said_in_test)
    kind, central = _kinds(near, rows, least)
    return Unmatched(rows, kind, central, count[rows], together[rows], least, most, _lacking(most, near))


def least_rows(test: int) -> int:
    """How many rows make a kind, of so many test rows."""
    return LEAST + max(0, round(2 * math.log2(max(test, 1) / GROWN_FROM)))


def _together(near: Near, count: np.ndarray) -> np.ndarray:
    """The share of train rows among the nearest of each row and of the test rows nearest to it; 1 where its own are too many."""
    beside = near.test[:, :BESIDE]
    there = (beside >= 0) & (near.to_test[:, :BESIDE] > 0)
    total = count + np.where(there, count[beside], 0).sum(axis=1)
    found: np.ndarray = total / (NEAREST * (1 + there.sum(axis=1)))
    found[(count > OWN * near.share * NEAREST) | (there.sum(axis=1) < LEAST - 1)] = 1.0
    return found


def _speaks(share: float) -> bool:
    """Whether half of the train rows that are expected among all of these hardly ever comes by chance."""
    of = NEAREST * (1 + BESIDE)
    return bool(binom.cdf(int(HALF * share * of), of, share) <= CHANCE)


def _lacking(most: int, near: Near) -> str:
    """Why no test row could be unmatched, if so few train rows make it and so many test rows have a text."""
    if most < 0:
        return "train has so few rows beside test that chance alone may leave none among the nearest"
    if near.said_in_test < SMALLEST:
        rows = "1 test row has" if near.said_in_test == 1 else f"{near.said_in_test} test rows have"
        return f"{rows} a text, and a kind that train lacks is found from {SMALLEST} rows on"
    return ""


def most_by_chance(share: float, thin: float) -> int:
    """How many of the nearest rows may be train rows where train lacks a kind, if `share` of all others are; -1 for never."""
    most = int(thin * NEIGHBOURS + 1e-9)
    while most >= 0 and binom.cdf(most, NEIGHBOURS, share) > CHANCE:
        most -= 1
    return most


def _kinds(near: Near, rows: np.ndarray, least: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """Rows are of one kind if each is among the test rows nearest to the other, so that a row between two kinds does not join
    them; a row left over is of the kind that most of the rows nearest to it are of.
    """
    test = len(near.rows)
    inside = np.zeros(test, dtype=bool)
    inside[rows] = True
    columns = np.where(near.to_test[rows, :LINKED] > 0, near.test[rows, :LINKED], -1)
    links = (columns >= 0) & inside[np.maximum(columns, 0)]
    place = np.full(test, -1)
    place[rows] = np.arange(len(rows))
    source = np.repeat(np.arange(len(rows)), columns.shape[1]).reshape(columns.shape)[links]
    near_to = csr_matrix((np.ones(len(source)), (source, place[columns[links]])), shape=(len(rows), len(rows)))
    graph = near_to.minimum(near_to.T)
    _, component = connected_components(graph, directed=False) if len(rows) else (0, np.zeros(0, dtype=int))
    sizes = np.bincount(component)
    order = [int(one) for one in np.argsort(-sizes, kind="stable") if sizes[one] >= least]
    kinds = np.full(len(sizes), -1)
    kinds[order] = np.arange(len(order))
    named = np.asarray(graph.sum(axis=0)).ravel()
    central = tuple(int(rows[np.where(component == one, named, -1).argmax()]) for one in order)
    if not order:
        return np.full(len(rows), -1), ()
    kind = kinds[component]
    votes = near_to @ (kind[:, None] == np.arange(len(order))).astype(np.float64)
    left = (kind < 0) & (votes.max(axis=1) > 0)
    return np.where(left, votes.argmax(axis=1), kind), central
