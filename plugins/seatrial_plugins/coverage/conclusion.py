"""The conclusion: what the notes of all rows come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

import numpy as np
import pyarrow as pa

from seatrial import Finding, Measured, Rows, SplitFindings
from seatrial.errors import UsageError
from seatrial_plugins.coverage import Dimension
from seatrial_plugins.coverage.bands import band_names, bands_of
from seatrial_plugins.coverage.blocks import COMPARED, Kind, Lacking, coverage_blocks
from seatrial_plugins.coverage.distribution import CALLED, SPLITS, Distribution, count_parts, uncounted
from seatrial_plugins.coverage.diversity import FEWEST, Likeness
from seatrial_plugins.coverage.nearness import NEAR_METRICS, NEAR_TOPICS, NEIGHBOURS, Near, find_near
from seatrial_plugins.coverage.topics import Topics, Vectors, find_topics
from seatrial_plugins.coverage.unmatched import UNMATCHED_METRICS, Unmatched, find_unmatched
from seatrial_plugins.coverage.words import Groups, Named, Words, read_words

__all__ = ["COMPARED", "Conclusion", "Limits"]

KINDS = 20
"""Kinds of rows that train lacks which are told one by one, the largest first."""

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
    pairs: int

    def __post_init__(self) -> None:
        if self.topics is not None and self.topics < 1:
            raise UsageError(f"coverage: topics is {self.topics}; there must be at least 1")
        if self.sample < 1:
            raise UsageError(f"coverage: sample is {self.sample}; topics are fitted on at least 1 row")
        if self.pairs < 1:
            raise UsageError(f"coverage: pairs is {self.pairs}; at least 1 pair of rows is compared")
        if not 0 <= self.thin < 1:
            raise UsageError(f"coverage: thin is {self.thin:g}; it is a share from 0, below 1")
        if not self.expected >= 0:
            raise UsageError(f"coverage: expected is {self.expected:g}; a number of rows is not negative")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise UsageError(f"coverage: threshold is {self.threshold:g}; a cosine above 0, up to 1, is meant")


class Conclusion:
    """What the notes of all rows come to."""

    def __init__(self, dimensions: Sequence[Dimension], limits: Limits, table: pa.Table) -> None:
        self._dimensions = dimensions
        self._limits = limits
        self._table = table
        self._split = _codes(table["split"], SPLITS)
        self._draw = table["draw"].to_numpy()
        self._vectors = Vectors(table["vector"]) if "vector" in table.column_names else None

    def drawn(self, train: Rows, held_out: Rows, *, neighbours: bool, seed: int) -> SplitFindings:
        """All of it, in one more reading of the rows for their words.

        Args:
            train: the rows that the notes' first ones are of.
            held_out: those of the others.
            neighbours: whether to look for near rows, where there are vectors.
            seed: of the topics' first centres.
        """
        topics = self._topics(seed) if "topic" in self._dimensions else None
        vectors = self._vectors
        near = (
            None
            if vectors is None or not neighbours
            else find_near(vectors, self._split, self._draw, self._limits.threshold, self._limits.pairs)
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
        counted = {one.name for one in distributions}
        empty = [name for name in self._dimensions if name not in counted]
        diversity = self._diversity(words)
        told = [
            *(distribution.measured() for distribution in distributions),
            *(uncounted(name, f"no row has a {CALLED.get(name, name)}") for name in empty),
            diversity,
        ]
        facts: dict[str, object] = {
            "dimensions": [distribution.facts() for distribution in distributions],
            "diversity": diversity.facts,
            "thin": self._limits.thin,
            "expected": self._limits.expected,
            "empty": empty,
        }
        findings: list[Finding] = []
        lacking: Lacking | None = None
        if near is not None and unmatched is not None:
            told += [near.measured(topics), unmatched.measured(near)]
            kinds = self._told_kinds(near, unmatched, named[-1])
            lacking = Lacking(near, unmatched, kinds)
            facts["neighbours"] = near.facts()
            facts["unmatched"] = _unmatched_facts(lacking)
            ids = self._table["id"]
            findings = [*near.findings(ids), *unmatched.findings(near, ids)]
        elif neighbours and vectors is not None:
            told.append(self._nothing_near(topics))
        measures = {name: value for one in told for name, value in one.measures.items()}
        missing = {name: why for one in told for name, why in one.missing.items()}
        blocks = list(coverage_blocks(distributions, empty, diversity, lacking))
        return SplitFindings(findings, measures, missing, facts, blocks)

    def _nothing_near(self, topics: Topics | None) -> Measured:
        names = (*NEAR_METRICS, *UNMATCHED_METRICS, *([] if topics is None else [NEAR_TOPICS]))
        return Measured(missing=dict.fromkeys(names, self._without_rows()))

    def _without_rows(self) -> str:
        """Which split has no row."""
        return next(f"there are no {split} rows" for split in COMPARED if not self._inside(split).any())

    def _inside(self, split: str) -> np.ndarray:
        """Which rows are in a split."""
        inside: np.ndarray = self._split == SPLITS.index(split)
        return inside

    def _topics(self, seed: int) -> Topics | None:
        if self._vectors is None:
            return None
        return find_topics(self._vectors, self._draw, topics=self._limits.topics, sample=self._limits.sample, seed=seed)

    def _kinds(self, near: Near, unmatched: Unmatched) -> Groups:
        """The kinds that train lacks, and all other rows as one more group, to name them against."""
        of = np.full(len(self._split), len(unmatched.central))
        of[near.rows[unmatched.rows]] = unmatched.kind
        return Groups(of, [*near.rows[list(unmatched.central)].tolist(), -1])

    def _told_kinds(self, near: Near, unmatched: Unmatched, named: Named) -> list[Kind]:
        """The kinds that train lacks, the largest first."""
        if unmatched.lacks:
            return []
        labels = self._table["label"].take(pa.array(near.rows[unmatched.rows])).to_pylist()
        kinds = []
        for kind in range(min(len(unmatched.central), KINDS)):
            inside = np.flatnonzero(unmatched.kind == kind).tolist()
            counted = Counter(labels[at] for at in inside if labels[at] is not None)
            kinds.append(
                Kind(named.names[kind], len(inside), dict(counted.most_common(LABELS)), named.examples.get(kind, ""))
            )
        return kinds

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
                "set it apart; a row without a text that the encoder reads has none"
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

    def _diversity(self, words: Words) -> Measured:
        """By split and measure, as far as it has a value."""
        measures: dict[str, float] = {}
        missing: dict[str, str] = {}
        facts: dict[str, object] = {}
        for split in COMPARED:
            here = self._inside(split)
            values = {"distinct": (words.distinct.get(split), f"fewer than {FEWEST} pairs of words in {split}")}
            if self._vectors is not None:
                likeness = Likeness(self._vectors.dimensions)
                for start, block in self._vectors.blocks():
                    likeness.add(block[here[start : start + len(block)]])
                values["vendi"] = (likeness.vendi(), f"no {split} row has a text that the encoder reads")
                values["similarity"] = (
                    likeness.similarity(),
                    f"fewer than two {split} rows have a text that the encoder reads",
                )
            found = {name: value for name, (value, _) in values.items() if value is not None}
            measures |= {f"{split}_{name}": value for name, value in found.items()}
            missing |= {f"{split}_{name}": why for name, (_, why) in values.items() if name not in found}
            if here.any():
                facts[split] = {"rows": int(here.sum())} | {name: round(value, 4) for name, value in found.items()}
        return Measured(measures, missing, facts | ({"pairs": words.pairs} if words.pairs else {}))


def _unmatched_facts(lacking: Lacking) -> dict[str, object]:
    near, unmatched = lacking.near, lacking.unmatched
    if unmatched.lacks:
        return {"lacks": unmatched.lacks}
    return {
        "rows": len(unmatched.rows),
        "compared": len(near.rows),
        "of": near.of,
        "neighbours": NEIGHBOURS,
        "most": unmatched.most,
        "kinds": len(unmatched.central),
        "groups": [asdict(kind) for kind in lacking.kinds],
    }


def _codes(column: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """Each value by its place among the names."""
    import pyarrow.compute as pc

    codes: np.ndarray = pc.index_in(column, pa.array(names, pa.string())).to_numpy()
    return codes
