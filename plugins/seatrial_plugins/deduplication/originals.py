"""Originals: which row has a stretch of words first, among the rows that stay."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

__all__ = ["Found", "Longest", "Originals", "Stretches", "trace"]


@dataclass(frozen=True, slots=True)
class Stretches:
    """All n-grams of some rows, one row after the other, preferred rows first."""

    n: int
    hashes: np.ndarray
    """uint64, shape [n-grams]."""
    places: np.ndarray
    """int64, of the same shape: the first word of each in its row."""
    bounds: np.ndarray
    """int64, shape [rows + 1]: where each row's begin."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest stretch of a row that one other row has first."""

    start: int
    """Its first word in the row."""
    words: int
    holder: int
    """The number of the other row."""


@dataclass(frozen=True, slots=True)
class Found:
    """The n-grams of one row that other rows have first."""

    n: int
    places: np.ndarray
    """int64: the first word of each in the row, ascending."""
    holders: np.ndarray
    """int32, of the same shape: the number of the row that has it first."""

    def covered(self, total: int) -> np.ndarray:
        """bool, shape [total]: which of the row's words lie in them."""
        steps = np.zeros(total + 1, dtype=np.int64)
        steps[self.places] += 1
        steps[self.places + self.n] -= 1
        return np.cumsum(steps)[:-1] > 0

    @property
    def longest(self) -> Longest:
        """The longest stretch of neighbours with one holder, the first of those."""
        breaks = np.flatnonzero((np.diff(self.places) != 1) | (np.diff(self.holders) != 0)) + 1
        starts = np.concatenate(([0], breaks))
        sizes = np.diff(np.append(starts, len(self.places)))
        best = int(sizes.argmax())
        first = starts[best]
        return Longest(int(self.places[first]), int(sizes[best]) + self.n - 1, int(self.holders[first]))


@dataclass(frozen=True, slots=True)
class Originals:
    """Where each n-gram stands first."""

    stretches: Stretches
    holders: np.ndarray
    """int32, shape [n-grams]: the number of the row that has it first, -1 for the row itself."""
    contained: np.ndarray
    """bool, shape [rows]: whether all words of a row stand in rows that stay, so that it can go."""

    def of(self, number: int) -> Found:
        """What a row shares with rows that stay and come before it."""
        own = slice(self.stretches.bounds[number], self.stretches.bounds[number + 1])
        other = self.holders[own] >= 0
        return Found(self.stretches.n, self.stretches.places[own][other], self.holders[own][other])


def trace(stretches: Stretches, words: np.ndarray, answers: np.ndarray) -> Originals:
    """Row by row: what it shares with those before it that stay, and whether it adds anything.

    Args:
        stretches: of the rows.
        words: shape [rows]: how many words each has.
        answers: shape [rows]: what each names as right, 0 for nothing. A row that names something goes only where all
            that hold its words name the same.
    """
    _, numbers = np.unique(stretches.hashes, return_inverse=True)
    first = np.full(len(numbers), -1, dtype=np.int32)
    holders = np.full(len(numbers), -1, dtype=np.int32)
    contained = np.zeros(len(words), dtype=bool)
    originals = Originals(stretches, holders, contained)
    for row, (start, end) in enumerate(pairwise(stretches.bounds.tolist())):
        own = numbers[start:end]
        holders[start:end] = first[own]
        found = originals.of(row)
        agreed = not answers[row] or (answers[found.holders] == answers[row]).all()
        if len(found.places) and agreed and found.covered(words[row]).all():
            contained[row] = True
        else:
            first[own[holders[start:end] < 0]] = row
    return originals
