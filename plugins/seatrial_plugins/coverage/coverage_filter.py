"""The coverage filter: notes of every row, and what they come to once all are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from seatrial import Absent, Comparison, Finding, Row, Rows
from seatrial.data.searching import search_all
from seatrial.data.table import batches
from seatrial.errors import UsageError
from seatrial.model import CountsTokens, Encoder
from seatrial_plugins.coverage import Dimension
from seatrial_plugins.coverage.bands import band_names, bands_of
from seatrial_plugins.coverage.distribution import SPLITS, Distribution, count_parts
from seatrial_plugins.coverage.diversity import Likeness
from seatrial_plugins.coverage.nearness import NEIGHBOURS, Near, find_near
from seatrial_plugins.coverage.notes import LANGUAGE_PACKAGE, NoteTaker, installed
from seatrial_plugins.coverage.topics import Topics, Vectors, find_topics
from seatrial_plugins.coverage.unmatched import Unmatched, find_unmatched
from seatrial_plugins.coverage.words import Groups, Named, Words, read_words

__all__ = ["Coverage", "Limits"]

KINDS = 20
"""Kinds of rows that train lacks which are told one by one, the largest first."""

_WHAT = {
    "topic": "topics",
    "neighbours": "near train rows",
    "tokens": "lengths in tokens",
    "language": "languages",
}

LABELS = 5
"""Labels that are told of each."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as a gap, and how much is looked at."""

    topics: int | None
    threshold: float | None
    thin: float
    expected: float
    sample: int

    def __post_init__(self) -> None:
        if self.topics is not None and self.topics < 1:
            raise UsageError(f"coverage: topics is {self.topics}; there must be at least 1")
        if self.sample < 1:
            raise UsageError(f"coverage: sample is {self.sample}; topics are fitted on at least 1 row")
        if not 0 <= self.thin < 1:
            raise UsageError(f"coverage: thin is {self.thin:g}; it is a share from 0, below 1")
        if self.expected < 0:
            raise UsageError(f"coverage: expected is {self.expected:g}; a number of rows is not negative")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise UsageError(f"coverage: threshold is {self.threshold:g}; a cosine above 0, up to 1, is meant")


class Coverage:
    """Compares what train and the held-out rows are about (`SearchingFilter`)."""

    alone = True

    def __init__(
        self,
        *,
        dimensions: Sequence[Dimension],
        neighbours: bool,
        limits: Limits,
        seed: int,
        encoder: Encoder | Absent | None,
        tokenizer: CountsTokens | Absent | None,
    ) -> None:
        self._limits = limits
        self._seed = seed
        wanted = dict.fromkeys(dimensions)
        lacks: dict[str, str] = {}  # what is wanted → why it is not had
        if isinstance(encoder, Absent):
            lacks |= dict.fromkeys((("topic",) if "topic" in wanted else ()), encoder.reason)
            lacks |= {"neighbours": encoder.reason} if neighbours else {}
        elif "topic" in wanted and not installed(["sklearn"]):
            lacks["topic"] = "scikit-learn is not installed; `pip install scikit-learn`"
        if isinstance(tokenizer, Absent) and "tokens" in wanted:
            lacks["tokens"] = tokenizer.reason
        if "language" in wanted and not installed([LANGUAGE_PACKAGE]):
            lacks["language"] = "py3langid is not installed; `pip install py3langid`"
        self._dimensions = tuple(name for name in wanted if name not in lacks)
        self._neighbours = neighbours and "neighbours" not in lacks
        self._notes = NoteTaker(
            None if isinstance(encoder, Absent) else encoder,
            None if isinstance(tokenizer, Absent) else tokenizer,
            "language" in self._dimensions,
        )
        self.unseen = "; ".join(f"{what} ({reason})" for what, reason in _by_reason(lacks))
        """What cannot be had, and why."""

    def compare(self, train: Rows, held_out: Rows) -> Comparison:
        """What the rows come to, in this process."""
        return Comparison.of(search_all(self, train, held_out))

    def index(self, held_out: Rows) -> None:
        """Nothing is looked up."""

    def search(self, index: Any, rows: Sequence[Row]) -> pa.Table:
        """The notes of some train rows."""
        del index
        return self._notes.take(rows, "train")

    def conclude(self, index: Any, found: pa.Table, train: Rows, held_out: Rows) -> Comparison:
        """Count, cluster, name and compare."""
        del index
        table = pa.concat_tables([found, *(self._notes.take(batch) for batch in batches(held_out))])
        return _Conclusion(self._dimensions, self._limits, table).drawn(
            train, held_out, neighbours=self._neighbours, seed=self._seed
        )


def _by_reason(lacks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for reason in dict.fromkeys(lacks.values()):
        yield " and ".join(_WHAT[what] for what, why in lacks.items() if why == reason), reason.rstrip(".")


class _Conclusion:
    """What the notes of all rows come to."""

    def __init__(self, dimensions: Sequence[Dimension], limits: Limits, table: pa.Table) -> None:
        self._dimensions = dimensions
        self._limits = limits
        self._table = table
        self._split = _codes(table["split"], SPLITS)
        self._draw = table["draw"].to_numpy()
        self._vectors = Vectors(table["vector"]) if "vector" in table.column_names else None

    def drawn(self, train: Rows, held_out: Rows, *, neighbours: bool, seed: int) -> Comparison:
        """All of it, in one more reading of the rows for their words."""
        topics = self._topics(seed) if "topic" in self._dimensions else None
        vectors = self._vectors
        near = (
            None
            if vectors is None or not neighbours
            else find_near(vectors, self._split, self._draw, self._limits.threshold)
        )
        unmatched = None if near is None else find_unmatched(near, self._limits.thin)
        groupings = [Groups(topics.of, topics.central)] if topics else []
        if near is not None and unmatched is not None:
            groupings.append(self._kinds(near, unmatched))
        words = read_words(chain(train, held_out), groupings, self._split, self._draw)
        named = list(words.named)
        distributions = [
            found
            for name in self._dimensions
            if (found := self._distribution(name, topics, named[0] if topics else None)) is not None
        ]
        measures: dict[str, float] = {}
        for distribution in distributions:
            measures |= distribution.measures()
        diversity = self._diversity(words)
        for split in ("train", "test"):
            measures |= {f"{split}_{name}": value for name, value in diversity.get(split, {}).items() if name != "rows"}
        facts: dict[str, object] = {
            "dimensions": [distribution.facts() for distribution in distributions],
            "diversity": diversity | ({"pairs": words.pairs} if words.pairs else {}),
            "thin": self._limits.thin,
            "expected": self._limits.expected,
            "empty": [name for name in self._dimensions if name not in {one.name for one in distributions}],
        }
        findings: list[Finding] = []
        if near is not None and unmatched is not None:
            measures |= near.measures(topics) | unmatched.measures()
            facts["neighbours"] = near.facts()
            facts["unmatched"] = self._told(near, unmatched, named[-1])
            ids = self._table["id"]
            findings = [*near.findings(ids), *unmatched.findings(near, ids)]
        return Comparison(findings, measures, facts)

    def _topics(self, seed: int) -> Topics | None:
        if self._vectors is None:
            return None
        return find_topics(self._vectors, self._draw, topics=self._limits.topics, sample=self._limits.sample, seed=seed)

    def _kinds(self, near: Near, unmatched: Unmatched) -> Groups:
        """The kinds that train lacks, and all other rows as one more group, to name them against."""
        of = np.full(len(self._split), len(unmatched.central))
        of[near.rows[unmatched.rows]] = unmatched.kind
        return Groups(of, [*near.rows[list(unmatched.central)].tolist(), -1])

    def _told(self, near: Near, unmatched: Unmatched, named: Named) -> dict[str, object]:
        """The kinds that train lacks, as JSON values."""
        labels = self._table["label"].take(pa.array(near.rows[unmatched.rows])).to_pylist()
        kinds = []
        for kind in range(min(len(unmatched.central), KINDS)):
            inside = np.flatnonzero(unmatched.kind == kind).tolist()
            counted = Counter(labels[at] for at in inside if labels[at] is not None)
            told = {"name": named.names[kind], "size": len(inside), "labels": dict(counted.most_common(LABELS))}
            kinds.append(told | {"example": named.examples.get(kind, "")})
        return {
            "rows": len(unmatched.rows),
            "compared": len(near.rows),
            "neighbours": NEIGHBOURS,
            "most": unmatched.most,
            "kinds": len(unmatched.central),
            "groups": kinds,
        }

    # ---- by dimension ---------------------------------------------------------------------------------------------

    def _distribution(self, name: Dimension, topics: Topics | None, named: Named | None) -> Distribution | None:
        """The rows by that dimension; None where no row has it."""
        says, ordered = "", False
        examples: Mapping[int, str] = {}
        if name == "topic":
            if topics is None or named is None:
                return None
            parts, of, examples = list(named.names), topics.of, named.examples
            says = (
                f"k-means of the encoder's vectors, fitted on {topics.fitted:,} rows; each topic is named by the words that "
                "set it apart"
            )
        elif name in {"length", "tokens"}:
            column = self._table["characters" if name == "length" else name]
            counts = column.fill_null(-1).to_numpy()
            parts, ordered = band_names(), True
            of = np.where(counts < 0, -1, bands_of(counts))
            says = f"{'characters' if name == 'length' else 'tokens'} of the whole conversation"
        else:
            coded = self._table[name].combine_chunks().dictionary_encode()
            parts = coded.dictionary.to_pylist()
            of = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            says = "as py3langid tells it from what the model reads" if name == "language" else ""
        if not (of >= 0).any():
            return None
        return count_parts(
            name,
            parts,
            of,
            self._split,
            thin=self._limits.thin,
            expected=self._limits.expected,
            always=name in {"label", "slice"},
            ordered=ordered,
            says=says,
            examples=examples,
        )

    # ---- diversity ------------------------------------------------------------------------------------------------

    def _diversity(self, words: Words) -> dict[str, dict[str, float]]:
        """Split → measure → value, as far as it has one."""
        found: dict[str, dict[str, float]] = {}
        for split in ("train", "test"):
            here = self._split == SPLITS.index(split)
            if not here.any():
                continue
            values = {"rows": float(here.sum()), "distinct": words.distinct.get(split)}
            if self._vectors is not None:
                likeness = Likeness(self._vectors.dimensions)
                for start, block in self._vectors.blocks():
                    likeness.add(block[here[start : start + len(block)]])
                values |= {"vendi": likeness.vendi(), "similarity": likeness.similarity()}
            found[split] = {name: round(value, 4) for name, value in values.items() if value is not None}
        return found


def _codes(column: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """Each value by its place among the names."""
    import pyarrow.compute as pc

    codes: np.ndarray = pc.index_in(column, pa.array(names, pa.string())).to_numpy()
    return codes
