"""Neighbours: how near the nearest train row is to each test row, by the words they share."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

from seatrial.data.normalise import PIECE, spell

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

__all__ = [
    "ENCODER_THRESHOLD",
    "WORDS",
    "WORD_THRESHOLD",
    "Neighbourhood",
    "Texts",
    "WordWeights",
    "by_words",
    "nearest_to",
]

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

WORDS = "cosine of weighted words"
"""The measure of `by_words`."""

WEIGHED = 100_000
"""Train texts that the words' weights are counted over."""

_UNKNOWN = 1 << 16
"""Columns for words that were not counted: so many that two of one text hardly share one."""

_KEPT = 500_000
_LONGEST = 40
"""So many stretches are kept, of at most so many characters."""

_BLOCK = 500
_TRAIN_BLOCK = 10_000
"""So many test rows are compared with so many train rows at a time."""


class Texts(Protocol):
    """Texts that can be counted, and read more than once."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """How near the nearest train row is to each test row."""

    threshold: float
    """Below it, a row has no neighbour worth the name."""
    similarity: np.ndarray
    """Shape [test]: cosine to the nearest train row, 0 where there is none."""
    vectors: csr_matrix
    """Shape [test, words]: the test rows' unit vectors."""

    def similarities(self, index: int, others: np.ndarray) -> np.ndarray:
        """Cosine of one test row to the test rows at `others`."""
        found: np.ndarray = (self.vectors[others] @ self.vectors[[index]].T).toarray().ravel()
        return found


def by_words(train: Texts, test: Sequence[str]) -> Neighbourhood:
    """By the cosine of the vectors that `WordWeights` gives; train texts are read twice and never held together."""
    import numpy as np

    weights = WordWeights.of(train, test)
    vectors = weights.vectors(test)
    similarity = np.zeros(len(test))
    given = iter(train)
    while block := list(islice(given, _TRAIN_BLOCK)):
        similarity = np.maximum(similarity, nearest_to(vectors, weights.vectors(block)))
    return Neighbourhood(WORD_THRESHOLD, similarity, vectors)


def nearest_to(test: csr_matrix, train: csr_matrix) -> np.ndarray:
    """For each of the test vectors the cosine to the nearest of some train vectors, 0 where none is near."""
    import numpy as np

    count = test.shape[0]
    similarity = np.zeros(count)
    for start in range(0, count if train.shape[0] else 0, _BLOCK):
        products = test[start : start + _BLOCK] @ train.T
        similarity[start : start + _BLOCK] = np.clip(products.max(axis=1).toarray().ravel(), 0.0, 1.0)
    return similarity


class WordWeights:
    """The weight of every word, from how many texts have it; texts become vectors of weighted word counts.

    The weight is the probabilistic idf, ln(1 + (N - df + 0.5) / (df + 0.5)): the one of BM25 (Robertson and Zaragoza 2009,
    with Lucene's 1 inside the logarithm). It all but ignores the words of a prompt's template, which the usual smoothed
    idf doesn't. Words as in `seatrial.data.normalise.spell`.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        import numpy as np

        self._words: dict[str, int] = {}
        reading = _Reading(self._words, grows=True)
        frequency = np.zeros(0)
        count = 0
        given = iter(texts)
        while block := list(islice(given, _TRAIN_BLOCK)):
            found = np.bincount(reading.counts(block).indices, minlength=len(self._words)).astype(np.float64)
            found[: len(frequency)] += frequency
            frequency, count = found, count + len(block)
        frequency = np.concatenate([frequency, np.ones(_UNKNOWN)])  # what was not counted weighs as if one text had it
        self._weights = np.log1p((count - frequency + 0.5) / (frequency + 0.5))
        self._reading = _Reading(self._words)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: not which pieces this one has read."""
        return {"_words": self._words, "_weights": self._weights}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Begin to read anew."""
        self._words, self._weights = state["_words"], state["_weights"]
        self._reading = _Reading(self._words)

    @classmethod
    def of(cls, train: Texts, test: Sequence[str]) -> WordWeights:
        """From test texts and train texts, of which at most 100,000, evenly drawn, are counted.

        A word that none of these has weighs as if one had it.
        """
        step = max(1, -(-len(train) // WEIGHED))
        return cls(chain(test, islice(train, 0, None, step)))

    def vectors(self, texts: Iterable[str]) -> csr_matrix:
        """Unit vectors, shape [texts, words]; a text without words is a zero vector."""
        import numpy as np

        vectors = self._reading.counts(texts, len(self._weights))
        vectors.data *= self._weights[vectors.indices]
        lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        vectors.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(vectors.indptr))
        return vectors


class _Reading(dict[str, tuple[int, ...]]):
    """Reads texts as columns of words. It keeps what each stretch between white space was: most are met again and again."""

    def __init__(self, words: dict[str, int], *, grows: bool = False) -> None:
        super().__init__()
        self._words = words
        self._grows = grows
        self._known = len(words)

    def __missing__(self, piece: str) -> tuple[int, ...]:
        found = tuple(map(self._column, spell(piece)))
        if len(self) < _KEPT and len(piece) <= _LONGEST:
            self[piece] = found
        return found

    def _column(self, word: str) -> int:
        if self._grows:
            return self._words.setdefault(word, len(self._words))
        column = self._words.get(word)
        # Which of the columns after the known ones does not matter: no test text has the word.
        return self._known + zlib.crc32(word.encode("utf-8", "surrogatepass")) % _UNKNOWN if column is None else column

    def counts(self, texts: Iterable[str], width: int | None = None) -> csr_matrix:
        """How often each text has each word, shape [texts, width]; as wide as there are words if None."""
        import numpy as np
        from scipy.sparse import csr_matrix

        columns: list[int] = []
        ends = [0]
        for text in texts:
            columns.extend(chain.from_iterable(map(self.__getitem__, PIECE.findall(text))))
            ends.append(len(columns))
        shape = (len(ends) - 1, len(self._words) if width is None else width)
        counts = csr_matrix((np.ones(len(columns)), columns, ends), shape=shape)
        counts.sum_duplicates()
        return counts
