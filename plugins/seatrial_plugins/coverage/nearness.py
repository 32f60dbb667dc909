"""Nearness: how near the nearest train row is to each test row, by the encoder's vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from seatrial import Finding
from seatrial.data.neighbours import ENCODER_THRESHOLD, Nearest, nearest_in
from seatrial_plugins.coverage.distribution import SPLITS
from seatrial_plugins.coverage.topics import Topics, Vectors

__all__ = ["PAIRS", "Near", "find_near"]

PAIRS = 300_000_000
"""Pairs of a train and a test row whose cosine is taken; some ten seconds of two cores. Above it, test rows are drawn."""


@dataclass(frozen=True, slots=True)
class Near:
    """How near the nearest train row of each compared test row is."""

    threshold: float
    rows: np.ndarray
    """The test rows, by their place among all rows."""
    similarity: np.ndarray
    nearest: np.ndarray
    """The nearest train row's place, -1 where none is near at all."""

    @property
    def alone(self) -> np.ndarray:
        """Which of them have no neighbour."""
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
        """One for each row without a neighbour."""
        alone = np.flatnonzero(self.alone)
        names = ids.take(pa.array(self.rows[alone])).to_pylist()
        nearest = self.nearest[alone]
        matched = ids.take(pa.array(np.maximum(nearest, 0))).to_pylist()
        for row, other, at, similarity in zip(
            names, matched, nearest.tolist(), self.similarity[alone].tolist(), strict=True
        ):
            detail = f"its nearest train row has a cosine of {similarity:.2f}, below {self.threshold:g}"
            yield Finding(row, "no-neighbour", detail, score=similarity, matched_row=other if at >= 0 else None)


def find_near(vectors: Vectors, split: np.ndarray, draw: np.ndarray, threshold: float | None) -> Near | None:
    """The nearest train row of each test row; None where one side is empty.

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
    most = max(PAIRS // int(train.sum()), 1)
    if len(test) > most:
        test = np.sort(test[np.argsort(draw[test], kind="stable")[:most]])
    of_test = vectors.take(test)
    nearest = Nearest(of_test)
    for start, block in vectors.blocks():
        inside = block[train[start : start + len(block)]]
        if len(inside):
            nearest.add(*nearest_in(inside, of_test), len(inside))
    found = nearest.neighbourhood("", ENCODER_THRESHOLD if threshold is None else threshold)
    places = np.flatnonzero(train)[found.nearest]
    return Near(found.threshold, test, found.similarity, np.where(found.nearest < 0, -1, places))
