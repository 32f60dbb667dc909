"""Neighbours: how near the nearest train row is to each test row, by the words they share or by an encoder's vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.data.normalise import spell

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

__all__ = ["ENCODER_THRESHOLD", "WORD_THRESHOLD", "Neighbourhood", "by_vectors", "by_words"]

ENCODER_THRESHOLD = 0.5
"""Cosine of all-MiniLM-L6-v2 vectors below which a test row has no train neighbour.

Measured: of 500 BANKING77 test questions none lies below it against 2,500 train questions of the same set, of 300 GSM8K
questions against the same 99%, of 225 chatterbot messages 98%. Encoders differ: another one may need another value.
"""

WORD_THRESHOLD = 0.25
"""Cosine of weighted words below which a test row has no train neighbour.

Measured against the 10,003 BANKING77 train questions: below it lie 1 of that set's 3,080 test questions, 79% of 1,319
GSM8K questions and 39% of 225 chatterbot messages. Paraphrases in other words look far here; an encoder sees them.
"""

_BLOCK = 500
"""Test rows compared with all train rows at a time."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The nearest train row of each test row."""

    measure: str
    """What similarity means, for reviewers."""
    threshold: float
    """Below it, a row has no neighbour worth the name."""
    similarity: np.ndarray
    """Shape [test]: cosine to the nearest train row, 0 where there is none."""
    nearest: np.ndarray
    """Shape [test]: index of that train row, -1 where there is none."""
    vectors: Any
    """Shape [test, dimensions]: the test rows' unit vectors, dense or sparse."""

    def similarities(self, index: int, others: np.ndarray) -> np.ndarray:
        """Cosine of one test row to the test rows at `others`."""
        return _dense(self.vectors[others] @ self.vectors[[index]].T).ravel()


def by_vectors(train: np.ndarray, test: np.ndarray, *, threshold: float | None = None) -> Neighbourhood:
    """By the cosine of unit vectors, shapes [train, dimensions] and [test, dimensions].

    A zero vector (an empty text) is near to nothing.
    """
    return _nearest(
        "cosine of the encoder's vectors", train, test, ENCODER_THRESHOLD if threshold is None else threshold
    )


def by_words(train: Sequence[str], test: Sequence[str], *, threshold: float | None = None) -> Neighbourhood:
    """By the cosine of word counts weighted with the probabilistic idf, ln(1 + (N - df + 0.5) / (df + 0.5)).

    The idf is the one of BM25 (Robertson and Zaragoza 2009, with Lucene's 1 inside the logarithm); it all but ignores
    the words of a prompt's template, which the usual smoothed idf doesn't. N counts train and test texts. Words as in
    `seatrial.data.normalise.spell`.
    """
    spelled = [spell(text) for text in (*train, *test)]
    vectors = _unit(_weighted(_counts(spelled)))
    limit = WORD_THRESHOLD if threshold is None else threshold
    return _nearest("cosine of weighted words", vectors[: len(train)], vectors[len(train) :], limit)


def _nearest(measure: str, train: Any, test: Any, threshold: float) -> Neighbourhood:
    import numpy as np

    similarity = np.zeros(test.shape[0])
    nearest = np.full(test.shape[0], -1)
    if train.shape[0]:
        for start in range(0, test.shape[0], _BLOCK):
            block = test[start : start + _BLOCK] @ train.T
            best = np.asarray(block.argmax(axis=1)).ravel()
            found = _dense(block.max(axis=1)).ravel()
            similarity[start : start + _BLOCK] = np.clip(found, 0.0, 1.0)
            nearest[start : start + _BLOCK] = np.where(found > 0, best, -1)
    return Neighbourhood(measure, threshold, similarity, nearest, test)


def _counts(spelled: Sequence[Sequence[str]]) -> csr_matrix:
    """Word counts, shape [texts, words]."""
    import numpy as np
    from scipy.sparse import csr_matrix

    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    counts: list[int] = []
    ends = [0]
    for text in spelled:
        for word, count in Counter(text).items():
            columns.append(vocabulary.setdefault(word, len(vocabulary)))
            counts.append(count)
        ends.append(len(columns))
    return csr_matrix((np.array(counts, dtype=np.float64), columns, ends), shape=(len(spelled), len(vocabulary)))


def _weighted(counts: csr_matrix) -> csr_matrix:
    import numpy as np

    texts = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    counts.data *= np.log1p((texts - frequency + 0.5) / (frequency + 0.5))[counts.indices]
    return counts


def _unit(weighted: csr_matrix) -> csr_matrix:
    import numpy as np

    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(weighted.indptr))
    return weighted


def _dense(matrix: Any) -> np.ndarray:
    import numpy as np

    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
