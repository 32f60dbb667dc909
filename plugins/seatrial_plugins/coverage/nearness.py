"""Nearness: the rows nearest to each test row, by the encoder's vectors, and the test rows that have no train row near."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from seatrial import Finding
from seatrial.data.neighbours import ENCODER_THRESHOLD
from seatrial_plugins.coverage.distribution import SPLITS
from seatrial_plugins.coverage.topics import Topics, Vectors

__all__ = ["NEIGHBOURS", "PAIRS", "Near", "find_near"]

PAIRS = 300_000_000
"""Pairs of a test row and another row whose cosine is taken; some ten seconds of two cores. Above it, test rows are drawn."""

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
    train_rows: int
    """How many train rows there are."""

    @property
    def similarity(self) -> np.ndarray:
        """The cosine to the nearest train row, at least 0; shape [test]."""
        return np.clip(self.to_train[:, 0], 0.0, 1.0)

    @property
    def alone(self) -> np.ndarray:
        """Which of the test rows have no neighbour in train."""
        return self.similarity < self.threshold

    def measures(self, topics: Topics | None) -> dict[str, float]:
        """What gates can hold."""
        measures = {"no_neighbour": int(self.alone.sum()), "no_neighbour_share": float(self.alone.mean())}
        if topics is None:
            return measures
        of = topics.of[self.rows]
        lonely = set(of[self.alone].tolist()) - set(of[~self.alone].tolist()) - {-1}
        return measures | {"topics_without_neighbour": len(lonely)}

    def facts(self) -> dict[str, object]:
        """As JSON values."""
        shares = {"minimum": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95}
        quantiles = {name: round(float(np.quantile(self.similarity, share)), 4) for name, share in shares.items()}
        return {
            "compared": len(self.rows),
            "without_neighbour": int(self.alone.sum()),
            "threshold": self.threshold,
            "measure": "cosine of the encoder's vectors",
            "similarity_quantiles": quantiles,
        }

    def findings(self, ids: pa.ChunkedArray) -> Iterator[Finding]:
        """One for each row without a neighbour; `ids` are those of all rows."""
        alone = np.flatnonzero(self.alone)
        names = ids.take(pa.array(self.rows[alone])).to_pylist()
        nearest = np.where(self.to_train[alone, 0] > 0, self.train[alone, 0], -1)
        matched = ids.take(pa.array(np.maximum(nearest, 0))).to_pylist()
        for row, other, at, similarity in zip(
            names, matched, nearest.tolist(), self.similarity[alone].tolist(), strict=True
        ):
            detail = f"its nearest train row has a cosine of {similarity:.2f}, below {self.threshold:g}"
            yield Finding(
                row, "no-neighbour", detail, score=round(similarity, 4), matched_row=other if at >= 0 else None
            )


def find_near(vectors: Vectors, split: np.ndarray, draw: np.ndarray, threshold: float | None) -> Near | None:
    """The nearest rows of each test row; None where train or test is empty.

    Args:
        vectors: of all rows.
        split: of each row, by its place in `SPLITS`.
        draw: a random number for each row; of too many test rows those with the smallest are compared.
        threshold: the cosine below which a row has no neighbour; None for that of all-MiniLM-L6-v2.
    """
    train = split == SPLITS.index("train")
    test = np.flatnonzero(split == SPLITS.index("test"))
    if not train.any() or not len(test):
        return None
    half = int(train.sum()) / 2
    most = max(int(math.sqrt(half * half + PAIRS) - half), 1)  # m test rows have m × (train + m) pairs
    if len(test) > most:
        test = np.sort(test[np.argsort(draw[test], kind="stable")[:most]])
    of_test = vectors.take(test)
    to_train = _Nearest(of_test)
    for start, block in vectors.blocks():
        inside = train[start : start + len(block)]
        to_train.add(block[inside], start + np.flatnonzero(inside))
    to_test = _Nearest(of_test)
    for start in range(0, len(test), _OTHERS):
        to_test.add(
            of_test[start : start + _OTHERS], np.arange(start, min(start + _OTHERS, len(test))), themselves=True
        )
    return Near(
        threshold=ENCODER_THRESHOLD if threshold is None else threshold,
        rows=test,
        train=to_train.places,
        to_train=to_train.similarity,
        test=to_test.places,
        to_test=to_test.similarity,
        train_rows=int(train.sum()),
    )


class _Nearest:
    """The nearest of rows that come in blocks; of equally near ones those that came first."""

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
            taken = products.argpartition(-NEIGHBOURS, axis=1)[:, -NEIGHBOURS:] if len(vectors) > NEIGHBOURS else None
            found = products if taken is None else np.take_along_axis(products, taken, axis=1)
            where = np.broadcast_to(places, products.shape) if taken is None else places[taken]
            similarity = np.concatenate([self.similarity[here], found], axis=1)
            known = np.concatenate([self.places[here], where], axis=1)
            order = np.lexsort((known, -similarity), axis=1)[:, :NEIGHBOURS]
            self.similarity[here] = np.take_along_axis(similarity, order, axis=1)
            self.places[here] = np.where(
                np.isfinite(self.similarity[here]), np.take_along_axis(known, order, axis=1), -1
            )
