"""Diversity: how unlike each other the rows of a split are, by an encoder's vectors or by pairs of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice, pairwise

import numpy as np

from seatrial.data.normalise import spell

__all__ = ["FEWEST", "Likeness", "distinct"]

FEWEST = 100
"""Word pairs of a split whose share of different ones says anything: of a handful, all are."""

PAIRS = 20_000
"""Word pairs that are looked at: the share of different ones falls with the number of pairs, so equally many are taken."""


class Likeness:
    """Sums over unit vectors that the measures of a whole split follow from, in memory that does not grow with the rows."""

    def __init__(self, dimensions: int) -> None:
        self._outer = np.zeros((dimensions, dimensions))
        self._sum = np.zeros(dimensions)
        self.rows = 0
        """Those with a text: an empty one has no direction."""

    def add(self, vectors: np.ndarray) -> None:
        """Vectors of one block of rows, shape [rows, dimensions]."""
        said = vectors[np.einsum("ij,ij->i", vectors, vectors) > 0]
        self._outer += said.T @ said
        self._sum += said.sum(axis=0, dtype=np.float64)
        self.rows += len(said)

    def vendi(self) -> float | None:
        """The Vendi score: how many wholly unlike rows would be as diverse (Friedman and Dieng 2023, arXiv 2210.02410).

        exp of the entropy of the eigenvalues of the matrix of cosines over rows, which are those of the dimensions' sums
        of products over rows. From 1, all alike, to the number of rows or dimensions.
        """
        if not self.rows:
            return None
        values = np.linalg.eigvalsh(self._outer / self.rows)
        values = values[values > 1e-12]
        return float(np.exp(-np.sum(values * np.log(values))))

    def similarity(self) -> float | None:
        """The mean cosine of two different rows."""
        if self.rows < 2:
            return None
        return float((self._sum @ self._sum - self.rows) / (self.rows * (self.rows - 1)))


def distinct(texts: Sequence[Iterable[str]]) -> tuple[list[float | None], int]:
    """For each split's texts the share of different ones among equally many pairs of words, and how many pairs these were.

    distinct-2 of Li et al. 2016 (arXiv 1510.03055); words as in `seatrial.data.normalise.spell`. A split of fewer than 100
    pairs has None, and none of the others is cut down to it.
    """
    pairs = [list(islice(chain.from_iterable(pairwise(spell(text)) for text in split), PAIRS)) for split in texts]
    looked = min((len(found) for found in pairs if len(found) >= FEWEST), default=0)
    return [len(set(found[:looked])) / looked if len(found) >= FEWEST else None for found in pairs], looked
