"""Nearness: the rows nearest to each test row, by the encoder's vectors, and the test rows that have no train row near."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from seatrial import Finding, Measured
from seatrial.data.cosines import DIGITS
from seatrial_plugins.coverage.distribution import SPLITS
from seatrial_plugins.coverage.topics import Topics, Vectors

__all__ = ["NEAR_METRICS", "NEAR_TOPICS", "NEIGHBOURS", "Near", "find_near"]

NEAR_METRICS = ("no_neighbour", "no_neighbour_share")
"""What gates can hold; and where there are topics, …"""

NEAR_TOPICS = "topics_without_neighbour"

THRESHOLD = 0.5
"""Cosine of all-MiniLM-L6-v2 vectors below which a test row has no train neighbour, unless the suite names another.

Measured: of 500 BANKING77 test questions none lies below it against 2,500 train questions of the same set, of 300 GSM8K
questions against the same 99%, of 225 chatterbot messages 98%. Encoders differ: another one may need another value.
"""

NEIGHBOURS = 10
"""Nearest rows that are looked for on each side."""

_BLOCK = 500
"""Test rows that are compared at a time, …"""

_OTHERS = 10_000
"""… with so many of their like."""


@dataclass(frozen=True, slots=True)
class Near:
    """The rows nearest to each compared test row. Nearest first; -1 where there is no more."""

    threshold: float
    """The cosine below which a row has no neighbour."""
    rows: np.ndarray
    """The test rows, by their place among all rows; shape [test]."""
    train: np.ndarray
    """The nearest train rows, by their place among all rows; shape [test, neighbours]."""
    to_train: np.ndarray
    """Their cosines."""
    test: np.ndarray
    """The nearest of the other compared test rows, by their place among these; shape [test, neighbours]."""
    to_test: np.ndarray
    """Their cosines."""
    said_in_train: int
    """How many train rows have a text that the encoder reads. The vector of one that has none is zero: it is near to nothing."""
    said_in_test: int
    """How many of the compared test rows have one."""
    read: np.ndarray
    """Which of the compared test rows the encoder reads: the others are judged by nothing; shape [test]."""
    of: int
    """How many test rows there are; those that were compared are a sample where there are more."""

    @property
    def drawn(self) -> str:
        """Why what is known of the compared test rows is not known of all; "" where all were compared."""
        if len(self.rows) == self.of:
            return ""
        return (
            f"{len(self.rows):,} of {self.of:,} test rows were compared, drawn at random because there are more pairs of rows "
            "than `pairs` allows"
        )

    @property
    def share(self) -> float:
        """The share of train rows among all rows that a test row may be near to."""
        return self.said_in_train / max(self.said_in_train + max(self.said_in_test - 1, 0), 1)

    @property
    def similarity(self) -> np.ndarray:
        """The cosine to the nearest train row, at least 0, as the ledger shows it; shape [test]."""
        return np.round(np.clip(self.to_train[:, 0].astype(np.float64), 0.0, 1.0), DIGITS)

    @property
    def alone(self) -> np.ndarray:
        """Which of the test rows have no neighbour in train."""
        found: np.ndarray = (self.similarity < self.threshold) & self.read
        return found

    def measured(self, topics: Topics | None) -> Measured:
        """What gates can hold; nothing of a sample, which is no count of all rows."""
        of = None if topics is None else topics.of[self.rows]
        if self.drawn:
            return Measured(missing=dict.fromkeys((*NEAR_METRICS, *([] if of is None else [NEAR_TOPICS])), self.drawn))
        if not self.read.any():
            why = "no test row has a text that the encoder reads"
            return Measured(missing=dict.fromkeys((*NEAR_METRICS, *([] if of is None else [NEAR_TOPICS])), why))
        measures = {"no_neighbour": int(self.alone.sum()), "no_neighbour_share": float(self.alone[self.read].mean())}
        if of is None:
            return Measured(measures)
        if not (of >= 0).any():
            return Measured(measures, {NEAR_TOPICS: "no test row has a topic"})
        lonely = set(of[self.alone].tolist()) - set(of[~self.alone].tolist()) - {-1}
        return Measured(measures | {NEAR_TOPICS: len(lonely)})

    def facts(self) -> dict[str, object]:
        """As JSON values."""
        shares = {"minimum": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95}
        judged = self.similarity[self.read]
        quantiles = {name: round(float(np.quantile(judged, share)), 4) for name, share in shares.items() if len(judged)}
        return {
            "compared": len(self.rows),
            "of": self.of,
            "without_neighbour": int(self.alone.sum()),
            "unread": int((~self.read).sum()),
            "threshold": self.threshold,
            "measure": "cosine of the encoder's vectors",
            "similarity_quantiles": quantiles,
        }

    def findings(self, ids: pa.ChunkedArray) -> Iterator[Finding]:
        """One for each row without a neighbour, and for each that is not judged; `ids` are those of all rows."""
        alone = np.flatnonzero(self.alone)
        names = ids.take(pa.array(self.rows[alone])).to_pylist()
        nearest = np.where(self.to_train[alone, 0] > 0, self.train[alone, 0], -1)
        matched = ids.take(pa.array(np.maximum(nearest, 0))).to_pylist()
        for row, other, at, similarity in zip(
            names, matched, nearest.tolist(), self.similarity[alone].tolist(), strict=True
        ):
            detail = f"its nearest train row has a cosine of {similarity:.2f}, below {self.threshold:g}"
            yield Finding(row, "no-neighbour", detail, score=similarity, matched_row=other if at >= 0 else None)
        for row in ids.take(pa.array(self.rows[~self.read])).to_pylist():
            yield Finding(row, "unread", "it has no text, or none that the encoder can read, so no row is near to it")


def find_near(
    vectors: Vectors, split: np.ndarray, draw: np.ndarray, threshold: float | None, pairs: int
) -> Near | None:
    """The nearest rows of each test row; None where train or test is empty.

    Args:
        vectors: of all rows.
        split: of each row, by its place in `SPLITS`.
        draw: a random number for each row; of too many test rows those with the smallest are compared.
        threshold: the cosine below which a row has no neighbour; None for that of all-MiniLM-L6-v2.
        pairs: the most pairs of a test row and another row whose cosine is taken.
    """
    train = split == SPLITS.index("train")
    test = np.flatnonzero(split == SPLITS.index("test"))
    if not train.any() or not len(test):
        return None
    of, in_train = len(test), int(train.sum())
    most = max((math.isqrt(in_train**2 + 4 * pairs) - in_train) // 2, 1)  # m test rows have m × (train + m) pairs
    if of > most:
        test = np.sort(test[np.argsort(draw[test], kind="stable")[:most]])
    of_test = vectors.take(test)
    to_train, said_in_train = _Nearest(of_test), 0
    for start, block in vectors.blocks():
        inside = train[start : start + len(block)] & block.any(axis=1)
        to_train.add(block[inside], start + np.flatnonzero(inside))
        said_in_train += int(inside.sum())
    to_test, said = _Nearest(of_test), np.flatnonzero(of_test.any(axis=1))
    for start in range(0, len(said), _OTHERS):
        others = said[start : start + _OTHERS]
        to_test.add(of_test[others], others, themselves=True)
    return Near(
        threshold=THRESHOLD if threshold is None else threshold,
        rows=test,
        train=to_train.places,
        to_train=to_train.similarity,
        test=to_test.places,
        to_test=to_test.similarity,
        said_in_train=said_in_train,
        said_in_test=len(said),
        read=np.asarray(of_test.any(axis=1)),
        of=of,
    )


class _Nearest:
    """The nearest of rows that come in blocks; of those whose cosines are equal to the last bit, the first ones."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = vectors
        self.similarity = np.full((len(vectors), NEIGHBOURS), -np.inf, dtype=np.float32)
        self.places = np.full((len(vectors), NEIGHBOURS), -1)

    def add(self, vectors: np.ndarray, places: np.ndarray, *, themselves: bool = False) -> None:
        """One more block, and where its rows stand; `themselves` where it is of the same rows: none is near to itself."""
        for start in range(0, len(self._vectors) if len(vectors) else 0, _BLOCK):
            here = slice(start, start + _BLOCK)
            products = self._vectors[here] @ vectors.T
            if themselves:
                products[np.arange(start, start + len(products))[:, None] == places] = -np.inf
            taken = _largest(products)
            found, where = np.take_along_axis(products, taken, axis=1), places[taken]
            similarity = np.concatenate([self.similarity[here], found], axis=1)
            known = np.concatenate([self.places[here], where], axis=1)
            order = np.lexsort((known, -similarity), axis=1)[:, :NEIGHBOURS]
            self.similarity[here] = np.take_along_axis(similarity, order, axis=1)
            self.places[here] = np.where(
                np.isfinite(self.similarity[here]), np.take_along_axis(known, order, axis=1), -1
            )


def _largest(products: np.ndarray) -> np.ndarray:
    """The columns of each row's ten largest products, all where there are no more; of equal ones the first."""
    if products.shape[1] <= NEIGHBOURS:
        return np.broadcast_to(np.arange(products.shape[1]), products.shape)
    taken = products.argpartition(-NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    # Which of equal products stand on either side of the cut is left to chance: these rows are looked at again.
    least = np.take_along_axis(products, taken, axis=1).min(axis=1)
    enough = products >= least[:, None]
    for row in np.flatnonzero(np.count_nonzero(enough, axis=1) > NEIGHBOURS):
        columns = np.flatnonzero(enough[row])
        taken[row] = columns[np.argsort(-products[row, columns], kind="stable")[:NEIGHBOURS]]
    return taken
