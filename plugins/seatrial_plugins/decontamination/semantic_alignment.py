"""Alignment: how much of what one text says another says too, word for word.

Greedy matching in both directions, as BERTScore does it (Zhang et al. 2020, arXiv 1904.09675): each word counts as much as
its nearest word of the other text, by the cosine of the encoder's vectors, weighted by how rare the word is. Four things
differ. Words are matched, not word pieces, and marks are left out. A number is only matched by the same number (`three`
is 3), since to an encoder 16 eggs and 18 eggs are all but the same. And the two directions are not averaged: the shorter
text's counts more, so that a question is found in the same question with its choices.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from seatrial.data.cosines import cosines
from seatrial.model import WordVectors

__all__ = ["AlignedText", "Rarity", "alignment"]

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+")
# Letters and digits, or one Chinese character: what BERT's tokenizers call a word, marks left out.

_SPELLED = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - reads better
    )
}


class Rarity:
    """The weight of words: ln((N + 1) / (df + 1/2)), with df of N texts having the word."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = 0
        self._with: Counter[str] = Counter()
        for text in texts:
            self._texts += 1
            self._with.update({word.lower() for word in _WORD.findall(text)})

    def weight(self, word: str) -> float:
        """Above 0; the same for all words that no text has."""
        return math.log((self._texts + 1) / (self._with[word] + 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class AlignedText:
    """One text's words, ready to be matched."""

    vectors: np.ndarray
    """Unit vectors, float32, shape [words, dimensions]."""
    weights: np.ndarray
    """float64, shape [words]."""
    numbers: np.ndarray
    """int64, shape [words]: equal for equal numbers, 0 for what is no number."""

    @classmethod
    def of(cls, text: str, words: WordVectors, rarity: Rarity) -> AlignedText:
        """The words that an encoder found in `text`, less the marks."""
        said = [text[start:end].lower() for start, end in words.spans]
        kept = [place for place, word in enumerate(said) if word[:1].isalnum()]
        return cls(
            words.vectors[kept],
            np.array([rarity.weight(said[place]) for place in kept], dtype=np.float64),
            np.array([_number(said[place]) for place in kept], dtype=np.int64),
        )


def _number(word: str) -> int:
    digits = _SPELLED.get(word, word)
    return zlib.crc32(digits.encode()) + 1 if digits[:1].isdigit() else 0


def alignment(one: AlignedText, other: AlignedText) -> float:
    """The weighted share of the words of each text that the other one has, at most 1; 0 where either has no words.

    With A and B the numbers of words of both texts, and a and b their shares: (a B² + b A²) / (A² + B²). Texts of like
    length give the mean of both shares, a text that holds the other one and much else gives the other one's.
    """
    if not len(one.weights) or not len(other.weights):
        return 0.0
    likeness = cosines(one.vectors, other.vectors)
    if one.numbers.any() or other.numbers.any():
        mine, theirs = one.numbers[:, None], other.numbers[None, :]
        likeness = np.where((mine > 0) | (theirs > 0), (mine == theirs).astype(np.float64), likeness)
    share = _mean(likeness.max(axis=1), one.weights)
    other_share = _mean(likeness.max(axis=0), other.weights)
    words, other_words = len(one.weights), len(other.weights)
    return (share * other_words**2 + other_share * words**2) / (words**2 + other_words**2)


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    # A product of two vectors adds up in an order that the library chooses, `fsum` in none.
    return math.fsum((values * weights).tolist()) / math.fsum(weights.tolist())
