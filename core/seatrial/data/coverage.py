"""Coverage: what train and test hold, label by label and slice by slice, and which test rows nothing in train is like."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.data.neighbours import WORD_THRESHOLD, WORDS, Neighbourhood, WordWeights, by_words, nearest_to
from seatrial.rows import Row, Rows
from seatrial.rows.table import FileRows, rows_of
from seatrial.runs.engines import Batchwise, Work

if TYPE_CHECKING:
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
    threshold: float
    """The cosine of weighted words below which a test row has no neighbour."""
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

    def lacking(self, kind: Mapping[str, Mapping[str, int]], split: str, other: str) -> list[str]:
        """The labels or slices that `other` has rows of and `split` has none of."""
        return [name for name, counts in kind.items() if counts[other] and not counts[split]]

    def unknown(self) -> dict[str, str]:
        """Fact → why it is not known of all rows, although a count of it is there."""
        found = {
            f"{plural}_not_in_{split}": f"no {other} row has a {plural[:-1]}"
            for plural, kind in (("labels", self.labels), ("slices", self.slices))
            for split, other in (("train", "test"), ("test", "train"))
            if not any(counts[other] for counts in kind.values())
        }
        for split in ("train", "test"):
            if not self.rows[split]:
                return found | {"without_neighbour": f"there are no {split} rows"}
        if self.compared < self.rows["test"]:
            why = f"{self.compared:,} of {self.rows['test']:,} test rows were compared, drawn at random"
            return found | {"without_neighbour": f"{why}; the filter `coverage` compares all with `pairs`"}
        return found

    def facts(self) -> dict[str, object]:
        """As JSON values for reports; gates hold the counts, except what is `unknown`."""
        return {
            "rows": dict(self.rows),
            "labels": {name: dict(counts) for name, counts in self.labels.items()},
            "slices": {name: dict(counts) for name, counts in self.slices.items()},
            "labels_not_in_train": self.lacking(self.labels, "train", "test"),
            "labels_not_in_test": self.lacking(self.labels, "test", "train"),
            "slices_not_in_train": self.lacking(self.slices, "train", "test"),
            "slices_not_in_test": self.lacking(self.slices, "test", "train"),
            "measure": WORDS,
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
            "unknown": self.unknown(),
        }


def texts_of(rows: Iterable[Row]) -> list[str]:
    """What is compared: the input without system turns, which are the same in every row."""
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


def coverage(train: Rows, test: Rows, validation: Rows = (), *, work: Batchwise | None = None) -> Coverage:
    """Compare what the splits hold, and look for each test row's nearest train row by the words that they share.

    That costs little and sees no paraphrase; the filter `coverage` compares by an encoder.

    Args:
        train: what the model learns from; read batch by batch.
        test: what it is scored on.
        validation: counted only.
        work: compares batch by batch, where train is a file.
    """
    splits = {"train": train, "validation": validation, "test": test}
    compared = _drawn(test, PAIRS // max(len(train), 1))
    found = _nearest(train, texts_of(compared), work)
    alone = [index for index, value in enumerate(found.similarity) if value < found.threshold]
    labels, slices = _tables(splits)
    return Coverage(
        rows={name: len(rows) for name, rows in splits.items()},
        labels=labels,
        slices=slices,
        threshold=found.threshold,
        compared=len(compared),
        without_neighbour=len(alone),
        quantiles=_quantiles(found),
        gaps=tuple(_gaps(compared, alone, found)),
    )


def _nearest(train: Rows, test: Sequence[str], work: Batchwise | None) -> Neighbourhood:
    if work is None or not test or not isinstance(train, FileRows):
        return by_words(_Texts(train), test)
    import numpy as np

    weights = WordWeights.of(_Texts(train), test)
    vectors = weights.vectors(test)
    similarity = np.zeros(len(test))
    for (found,) in work.map(Nearing(weights, vectors), train.path):
        similarity = np.maximum(similarity, found["similarity"].to_numpy())
    return Neighbourhood(WORD_THRESHOLD, similarity, vectors)


@dataclass(frozen=True, slots=True)
class Nearing:
    """The search for neighbours as a job: a batch of train rows in, how near the nearest is to each test row out."""

    weights: WordWeights
    vectors: Any
    """The test rows' vectors."""

    def begin(self) -> Work:
        """Nothing is to be built."""
        return self._near

    def _near(self, table: pa.Table) -> tuple[pa.Table, ...]:
        import pyarrow as pa

        return (pa.table({"similarity": nearest_to(self.vectors, self.weights.vectors(texts_of(rows_of(table))))}),)


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
