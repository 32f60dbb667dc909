"""Coverage: what train and test hold, label by label and slice by slice, and which test rows nothing in train is like."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.data.neighbours import (
    WORD_THRESHOLD,
    WORDS,
    Nearest,
    Neighbourhood,
    WordWeights,
    by_vectors,
    by_words,
    nearest_in,
)
from seatrial.data.table import FileRows, rows_of
from seatrial.engines import Batchwise, Work
from seatrial.rows import Row, Rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Coverage", "Gap", "coverage", "texts_of"]

PAIRS = 300_000_000
"""Pairs of a train and a test row that are compared by words; about ten seconds. Above it, test rows are drawn."""

CLUSTERED = 2_000
"""Test rows without a neighbour that are grouped, those farthest from train first; grouping is quadratic."""

SHOWN_CLUSTERS = 10
SHOWN_ROWS = 5
EXCERPT = 200
"""Characters of a row that stands for its group."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A group of test rows that are like each other and like nothing in train."""

    rows: tuple[str, ...]
    """Ids; the first is the one that the others are like."""
    labels: Mapping[str, int]
    similarity: float
    """The highest similarity of any of them to a train row."""
    excerpt: str
    """The first row's input, cut at 200 characters."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well train covers test."""

    rows: Mapping[str, int]
    """Split → rows."""
    labels: Mapping[str, Mapping[str, int]]
    """Label → split → rows."""
    slices: Mapping[str, Mapping[str, int]]
    """Slice → split → rows."""
    measure: str
    threshold: float
    compared: int
    """Test rows whose neighbours were looked for: all, unless there are very many."""
    without_neighbour: int
    """Of those, the rows whose nearest train row is below the threshold."""
    quantiles: Mapping[str, float]
    """Minimum, 5%, median and 95% of the similarity to the nearest train row."""
    gaps: tuple[Gap, ...]
    """The rows without a neighbour in groups, the largest first."""

    @property
    def share_without_neighbour(self) -> float | None:
        """Of the compared test rows; None where there are none."""
        return self.without_neighbour / self.compared if self.compared else None

    def missing(self, kind: Mapping[str, Mapping[str, int]], split: str, other: str) -> list[str]:
        """The labels or slices that `other` has rows of and `split` has none of."""
        return [name for name, counts in kind.items() if counts[other] and not counts[split]]

    def facts(self) -> dict[str, object]:
        """As JSON values for reports; `without_neighbour` is what gates hold."""
        return {
            "rows": dict(self.rows),
            "labels": {name: dict(counts) for name, counts in self.labels.items()},
            "slices": {name: dict(counts) for name, counts in self.slices.items()},
            "labels_not_in_train": self.missing(self.labels, "train", "test"),
            "labels_not_in_test": self.missing(self.labels, "test", "train"),
            "slices_not_in_train": self.missing(self.slices, "train", "test"),
            "slices_not_in_test": self.missing(self.slices, "test", "train"),
            "measure": self.measure,
            "threshold": self.threshold,
            "compared": self.compared,
            "without_neighbour": self.without_neighbour,
            "share_without_neighbour": self.share_without_neighbour,
            "similarity_quantiles": dict(self.quantiles),
            "gap_count": len(self.gaps),
            "gaps": [
                {
                    "size": len(gap.rows),
                    "rows": list(gap.rows[:SHOWN_ROWS]),
                    "labels": dict(gap.labels),
                    "similarity": round(gap.similarity, 4),
                    "excerpt": gap.excerpt,
                }
                for gap in self.gaps[:SHOWN_CLUSTERS]
            ],
        }


def texts_of(rows: Iterable[Row]) -> list[str]:
    """What is compared: the input without system turns, which are the same in every row. Encode these for `vectors`."""
    return [_text_of(row) for row in rows]


def _text_of(row: Row) -> str:
    return "\n".join(turn.content for turn in row.prompt if turn.role != "system")


class _Texts:
    """The compared texts of rows that are too many to hold."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return map(_text_of, self._rows)


def coverage(
    train: Rows,
    test: Rows,
    validation: Rows = (),
    *,
    vectors: tuple[np.ndarray, np.ndarray] | None = None,
    threshold: float | None = None,
    work: Batchwise | None = None,
) -> Coverage:
    """Compare what the splits hold, and look for each test row's nearest train row.

    Args:
        train: what the model learns from; read batch by batch.
        test: what it is scored on.
        validation: counted only.
        vectors: an encoder's unit vectors of `texts_of(train)` and `texts_of(test)`; where None, words are compared,
            which costs nothing and sees no paraphrase.
        threshold: the similarity below which a test row has no neighbour; where None, the measure's documented one.
        work: compares words batch by batch, where train is a file.

    Raises:
        ValueError: the vectors are not one a row.
    """
    splits = {"train": train, "validation": validation, "test": test}
    compared = list(test) if vectors is not None else _drawn(test, PAIRS // max(len(train), 1))
    if vectors is None:
        found = _by_words(train, texts_of(compared), threshold, work)
    elif (len(vectors[0]), len(vectors[1])) == (len(train), len(test)):
        found = by_vectors(*vectors, threshold=threshold)
    else:
        raise ValueError(
            f"{len(vectors[0])} and {len(vectors[1])} vectors for {len(train)} train and {len(test)} test rows"
        )
    alone = [index for index, value in enumerate(found.similarity) if value < found.threshold]
    labels, slices = _tables(splits)
    return Coverage(
        rows={name: len(rows) for name, rows in splits.items()},
        labels=labels,
        slices=slices,
        measure=found.measure,
        threshold=found.threshold,
        compared=len(compared),
        without_neighbour=len(alone),
        quantiles=_quantiles(found),
        gaps=tuple(_gaps(compared, alone, found)),
    )


def _by_words(train: Rows, test: Sequence[str], threshold: float | None, work: Batchwise | None) -> Neighbourhood:
    if work is None or not test or not isinstance(train, FileRows):
        return by_words(_Texts(train), test, threshold=threshold)
    weights = WordWeights.of(_Texts(train), test)
    vectors = weights.vectors(test)
    nearest = Nearest(vectors)
    for (found,) in work.map(Nearing(weights, vectors), train.path):
        similarity, index, rows = (found[name].to_numpy() for name in ("similarity", "nearest", "rows"))
        nearest.add(similarity, index, int(rows[0]))
    return nearest.neighbourhood(WORDS, WORD_THRESHOLD if threshold is None else threshold)


@dataclass(frozen=True, slots=True)
class Nearing:
    """The search for neighbours as a job: a batch of train rows in, the nearest of them to each test row out."""

    weights: WordWeights
    vectors: Any
    """The test rows' vectors."""

    def begin(self) -> Work:
        """Nothing is to be built."""
        return self._near

    def _near(self, table: pa.Table) -> tuple[pa.Table, ...]:
        import pyarrow as pa

        similarity, nearest = nearest_in(self.weights.vectors(texts_of(rows_of(table))), self.vectors)
        return (pa.table({"similarity": similarity, "nearest": nearest, "rows": [len(table)] * len(nearest)}),)


def _drawn(rows: Rows, most: int) -> Sequence[Row]:
    """At most that many rows, drawn by a hash of their ids, in their order."""
    if len(rows) <= most:
        return list(rows)
    draws = [hashlib.blake2b(row.id.encode(), digest_size=8).digest() for row in rows]
    chosen = set(sorted(range(len(draws)), key=draws.__getitem__)[: max(most, 1)])
    return [row for index, row in enumerate(rows) if index in chosen]


def _tables(splits: Mapping[str, Rows]) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Label → split → rows, and the same for slices."""
    labels: dict[str, Counter[str]] = {}
    slices: dict[str, Counter[str]] = {}
    for split, rows in splits.items():
        labels[split], slices[split] = Counter(), Counter()
        for row in rows:
            if row.label is not None:
                labels[split][row.label] += 1
            if row.slice:
                slices[split][row.slice] += 1
    return _by_name(labels), _by_name(slices)


def _by_name(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    names = sorted({name for counter in counts.values() for name in counter})
    return {name: {split: counter[name] for split, counter in counts.items()} for name in names}


def _quantiles(found: Neighbourhood) -> dict[str, float]:
    import numpy as np

    if not len(found.similarity):
        return {}
    shares = {"minimum": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95}
    return {name: round(float(np.quantile(found.similarity, share)), 4) for name, share in shares.items()}


def _gaps(rows: Sequence[Row], alone: Sequence[int], found: Neighbourhood) -> list[Gap]:
    """Groups around a first row each (leader clustering): no chain of neighbours can join what is unlike."""
    import numpy as np

    texts = texts_of(rows)
    left = np.array(sorted(alone, key=lambda index: (found.similarity[index], index))[:CLUSTERED], dtype=np.intp)
    gaps: list[Gap] = []
    while len(left):
        leader = int(left[0])
        near = found.similarities(leader, left) >= found.threshold
        near[0] = True  # an empty text is like nothing, not even itself
        members = [int(index) for index in left[near]]
        left = left[~near]
        labels = Counter(label for index in members if (label := rows[index].label) is not None)
        gaps.append(
            Gap(
                rows=tuple(rows[index].id for index in members),
                labels=dict(sorted(labels.items())),
                similarity=float(found.similarity[members].max()),
                excerpt=texts[leader][:EXCERPT],
            )
        )
    return sorted(gaps, key=lambda gap: -len(gap.rows))
