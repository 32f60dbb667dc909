"""Words: what one reading of the rows gives, for the names of topics and for diversity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from seatrial import Row
from seatrial.data.coverage import texts_of
from seatrial_plugins.coverage.distribution import SPLITS
from seatrial_plugins.coverage.diversity import distinct
from seatrial_plugins.coverage.topic_names import READ, name_topics, terms
from seatrial_plugins.coverage.topics import Topics

__all__ = ["Words"]

NAMED_BY = 300
"""Rows of a topic that its words are counted in."""

WORDED = 2_000
"""Rows of a split whose word pairs are looked at."""

EXCERPT = 160
"""Characters of the row that stands for a topic."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one reading of the rows gave."""

    names: list[str]
    """Of the topics."""
    examples: Mapping[int, str]
    """Topic → the beginning of its most central row."""
    distinct: Mapping[str, float | None]
    """Split → share of different word pairs."""
    pairs: int

    @classmethod
    def read(cls, rows: Iterator[Row], topics: Topics | None, split: np.ndarray, draw: np.ndarray) -> Words:
        """Read all rows once, and count the words of those that are drawn.

        Args:
            rows: all of them, in the order of the arrays.
            topics: of the rows, if they are known.
            split: of each row, by its place in `SPLITS`.
            draw: a random number for each row; those with the smallest are looked at.
        """
        order = np.argsort(draw, kind="stable")
        worded = {name: _first(order, split == SPLITS.index(name), WORDED) for name in ("train", "test")}
        paired = set(chain(*worded.values()))
        naming = (
            {row: topic for topic in range(topics.count) for row in _first(order, topics.of == topic, NAMED_BY)}
            if topics
            else {}
        )
        central = {row: topic for topic, row in enumerate(topics.central)} if topics else {}
        counts: list[Counter[str]] = [Counter() for _ in range(topics.count if topics else 0)]
        examples: dict[int, str] = {}
        kept: dict[int, str] = {}
        for place, row in enumerate(rows):
            if place not in paired and place not in naming and place not in central:
                continue
            (text,) = texts_of([row])
            if place in naming:
                counts[naming[place]].update(terms(text))
            if place in central:
                examples[central[place]] = text.strip()[:EXCERPT]
            if place in paired:
                kept[place] = text[:READ]
        shares, pairs = distinct([[kept[place] for place in worded[name]] for name in worded])
        return cls(name_topics(counts), examples, dict(zip(worded, shares, strict=True)), pairs)


def _first(order: np.ndarray, inside: np.ndarray, most: int) -> list[int]:
    """The first places of an order that are inside."""
    found: list[int] = order[inside[order]][:most].tolist()
    return found
