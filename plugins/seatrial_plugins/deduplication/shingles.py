r"""Shingles: the overlapping word n-grams of a text, framed so that they fit texts of every length.

Before the first word and after the last stand n - 1 blanks, so a text of w words has w + n - 1 shingles and every word,
the first and the last too, stands in n of them. A text shorter than n words has shingles like any other (none is empty,
none is dropped), and what one other word changes adapts to the length: two texts of w different words that differ in one
share w - 1 of w + 2n - 1 shingles, so their Jaccard similarity is

    (w - 1) / (w + 2n - 1)          n = 3, threshold 0.8: below the threshold up to w = 24 words

"What is the capital of France?" and "… of Spain?" (w = 6) are 0.45 alike. Without the blanks a change in the last word
would touch one shingle only, and rows written to one pattern would be taken for each other from w = 11 on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seatrial_plugins.deduplication.mixing import fold, mix
from seatrial_plugins.deduplication.word_hashes import WordHashes

__all__ = ["Shingles", "shingle"]


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of some texts, one text after the other; a text's may hold the same one twice."""

    hashes: np.ndarray
    """uint64, shape [shingles of all texts]."""
    counts: np.ndarray
    """int64, shape [texts]: words + n - 1, or 0 where a text has no words."""


def shingle(words: WordHashes, n: int, contexts: np.ndarray) -> Shingles:
    """The framed word n-grams of each text.

    Args:
        words: of all texts.
        n: words a shingle, at least 1.
        contexts: uint64, shape [texts]: texts of different contexts have no shingle in common.
    """
    blanks = n - 1
    counts = words.counts
    said = counts[counts > 0]
    # The blanks after a text are those before the next one.
    framed = np.zeros(int(said.sum()) + blanks * (len(said) + 1), dtype=np.uint64)
    places = np.arange(len(words.hashes)) + blanks * np.repeat(np.arange(1, len(said) + 1), said)
    framed[places] = words.hashes
    total = len(framed) - blanks
    hashes = fold(*(framed[offset : offset + total] for offset in range(n)))
    lengths = np.where(counts > 0, counts + blanks, 0)
    if contexts.any():
        hashes = mix(hashes ^ np.repeat(contexts, lengths))
    return Shingles(hashes, lengths)
