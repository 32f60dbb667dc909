"""Neighbours: how near the nearest train row is to each test row, by the words they share or by an encoder's vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from seatrial.data.normalise import spell

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

__all__ = ["ENCODER_THRESHOLD", "WORD_THRESHOLD", "Neighbourhood", "Texts", "by_vectors", "by_words"]

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

WEIGHED = 100_000
"""Train texts that the words' weights are counted over."""

_BLOCK = 500
_TRAIN_BLOCK = 10_000
"""So many test rows are compared with so many train rows at a time."""


class Texts(Protocol):
    """Texts that can be counted, and read more than once."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...


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
    blocks = (train[start : start + _TRAIN_BLOCK] for start in range(0, len(train), _TRAIN_BLOCK))
    return _nearest(
        "cosine of the encoder's vectors", blocks, test, ENCODER_THRESHOLD if threshold is None else threshold
    )


def by_words(train: Texts, test: Sequence[str], *, threshold: float | None = None) -> Neighbourhood:
    """By the cosine of word counts weighted with the probabilistic idf, ln(1 + (N - df + 0.5) / (df + 0.5)).

    The idf is the one of BM25 (Robertson and Zaragoza 2009, with Lucene's 1 inside the logarithm); it all but ignores
    the words of a prompt's template, which the usual smoothed idf doesn't. Words as in `seatrial.data.normalise.spell`.
    N counts the test texts and the train texts, of which at most 100,000, evenly drawn, are counted: a word that none of
    these has weighs as if one had it. Train texts are read twice and never held together.
    """
    step = max(1, -(-len(train) // WEIGHED))
    weights = _Weights((*map(spell, test), *map(spell, islice(train, 0, None, step))))
    limit = WORD_THRESHOLD if threshold is None else threshold
    blocks = (weights.vectors(map(spell, block)) for block in _blocks(train, _TRAIN_BLOCK))
    return _nearest("cosine of weighted words", blocks, weights.vectors(map(spell, test)), limit)


def _blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    given = iter(texts)
    while block := list(islice(given, size)):
        yield block


def _nearest(measure: str, train: Iterable[Any], test: Any, threshold: float) -> Neighbourhood:
    """The nearest of all train vectors, which come in blocks; of equally near ones the first."""
    import numpy as np

    count = test.shape[0]
    similarity, nearest = np.zeros(count), np.full(count, -1)
    before = 0
    for block in train:
        for start in range(0, count, _BLOCK):
            products = test[start : start + _BLOCK] @ block.T
            best = np.asarray(products.argmax(axis=1)).ravel() + before
            found = np.clip(_dense(products.max(axis=1)).ravel(), 0.0, 1.0)
            nearer = found > similarity[start : start + _BLOCK]
            similarity[start : start + _BLOCK][nearer] = found[nearer]
            nearest[start : start + _BLOCK][nearer] = best[nearer]
        before += block.shape[0]
    return Neighbourhood(measure, threshold, similarity, nearest, test)


class _Weights:
    """The weight of every word, from how many texts have it."""

    def __init__(self, spelled: Sequence[Sequence[str]]) -> None:
        import numpy as np

        frequency = Counter(word for text in spelled for word in set(text))
        self._columns = {word: column for column, word in enumerate(frequency)}
        counts = np.fromiter(frequency.values(), dtype=np.float64, count=len(frequency))
        self._weights = np.log1p((len(spelled) - counts + 0.5) / (counts + 0.5))
        self._rare = float(np.log1p((len(spelled) - 0.5) / 1.5)) if spelled else 0.0

    def vectors(self, spelled: Iterable[Sequence[str]]) -> csr_matrix:
        """Unit vectors, shape [texts, words]; a text without words is a zero vector."""
        import numpy as np
        from scipy.sparse import csr_matrix

        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        unknown: list[float] = []
        for text in spelled:
            rare = 0
            for word, count in Counter(text).items():
                column = self._columns.get(word)
                if column is None:
                    rare += count * count
                else:
                    columns.append(column)
                    counts.append(count)
            ends.append(len(columns))
            unknown.append(rare)
        weighted = csr_matrix(
            (np.array(counts, dtype=np.float64) * self._weights[np.array(columns, dtype=np.intp)], columns, ends),
            shape=(len(unknown), len(self._columns)),
        )
        squares = np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel() + np.array(unknown) * self._rare**2
        lengths = np.sqrt(squares)
        weighted.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(weighted.indptr))
        return weighted


def _dense(matrix: Any) -> np.ndarray:
    import numpy as np

    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
