"""Winnowing: a few fingerprints of a text that surely show where another one shares n words in a row.

Of every window of n - k + 1 neighbouring k-grams the one with the smallest hash is a fingerprint (Schleimer, Wilkerson and
Aiken, SIGMOD 2003). Two texts with n words in a row in common share a whole window, so its fingerprint; about two in
n - k + 2 of all k-grams are fingerprints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seatrial_plugins.deduplication.mixing import fold
from seatrial_plugins.deduplication.word_hashes import WordHashes

__all__ = ["Grams", "fingerprints", "grams"]


@dataclass(frozen=True, slots=True)
class Grams:
    """Some n-grams of some texts, one text after the other."""

    hashes: np.ndarray
    """uint64, shape [n-grams]."""
    places: np.ndarray
    """int64, of the same shape: the first word of each, counted over all texts."""


def grams(words: WordHashes, n: int) -> Grams:
    """All n-grams that lie inside one text."""
    places = _inside(words.counts, n)
    if not len(places):
        return Grams(np.empty(0, dtype=np.uint64), places)
    total = len(words.hashes) - n + 1
    return Grams(fold(*(words.hashes[offset : offset + total] for offset in range(n)))[places], places)


def fingerprints(words: WordHashes, n: int) -> Grams:
    """The fingerprints of stretches of n words; neighbouring windows with the same one give it once."""
    k = (n + 1) // 2
    starts = _inside(words.counts, n)
    if not len(starts):
        return Grams(np.empty(0, dtype=np.uint64), starts)
    total = len(words.hashes) - k + 1
    hashes = fold(*(words.hashes[offset : offset + total] for offset in range(k)))
    least = _sliding_minimum(hashes, n - k + 1)[starts]
    fresh = np.concatenate(([True], (least[1:] != least[:-1]) | (np.diff(starts) > 1)))
    return Grams(least[fresh], starts[fresh])


def _inside(counts: np.ndarray, n: int) -> np.ndarray:
    """The places, over all texts, from which n words on are words of one text."""
    ends = np.repeat(np.cumsum(counts), counts)
    return np.flatnonzero(np.arange(n, len(ends) + n) <= ends)


def _sliding_minimum(values: np.ndarray, window: int) -> np.ndarray:
    """The minimum of every `window` neighbours, by windows of twice the width each."""
    width = 1
    while 2 * width <= window:
        values = np.minimum(values[:-width], values[width:])
        width *= 2
    rest = window - width
    return np.minimum(values[:-rest], values[rest:]) if rest else values
