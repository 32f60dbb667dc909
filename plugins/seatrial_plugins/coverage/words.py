"""Words: what one reading of the rows gives: names and examples of groups of rows, and diversity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from seatrial import Row
from seatrial_plugins.coverage.distribution import SPLITS
from seatrial_plugins.coverage.diversity import distinct
from seatrial_plugins.coverage.texts import texts_of
from seatrial_plugins.coverage.topic_names import READ, name_topics, terms

__all__ = ["Groups", "Named", "Words", "read_words"]

NAMED_BY = 300
"""Rows of a group that its words are counted in."""

WORDED = 2_000
"""Rows of a split whose word pairs are looked at."""

EXCERPT = 160
"""Characters of the row that stands for a group."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of rows that are to be named against each other."""

    of: np.ndarray
    """The group of each row, -1 for none; shape [rows]."""
    central: Sequence[int]
    """For each group, the row that stands for it."""


@dataclass(frozen=True, slots=True)
class Named:
    """What groups are about."""

    names: Sequence[str]
    examples: Mapping[int, str]
    """Group → the beginning of its central row."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one reading of the rows gave."""

    named: tuple[Named, ...]
    """In the order of the groupings that were asked for."""
    distinct: Mapping[str, float | None]
    """Split → share of different word pairs."""
    pairs: int
    """Of words, that were looked at of each split."""


def read_words(rows: Iterator[Row], groupings: Sequence[Groups], split: np.ndarray, draw: np.ndarray) -> Words:
    """Read all rows once, and count the words of those that are drawn.

    Args:
        rows: all of them, in the order of the arrays.
        groupings: groups that want names; those of one grouping are set apart from each other.
        split: of each row, by its place in `SPLITS`.
        draw: a random number for each row; those with the smallest are looked at.
    """
    order = np.argsort(draw, kind="stable")
    worded = {name: _first(order, split == SPLITS.index(name), WORDED) for name in ("train", "test")}
    paired = set(chain(*worded.values()))
    counting = [_Counting(groups, order) for groups in groupings]
    kept: dict[int, str] = {}
    wanted = paired.union(*(one.wanted for one in counting))
    for place, row in enumerate(rows):
        if place not in wanted:
            continue
        (text,) = texts_of([row])
        for one in counting:
            one.add(place, text)
        if place in paired:
            kept[place] = text[:READ]
    shares, pairs = distinct([[kept[place] for place in worded[name]] for name in worded])
    return Words(tuple(one.named() for one in counting), dict(zip(worded, shares, strict=True)), pairs)


class _Counting:
    """The words of one grouping's groups."""

    def __init__(self, groups: Groups, order: np.ndarray) -> None:
        count = len(groups.central)
        by_group = order[np.argsort(groups.of[order], kind="stable")]
        bounds = np.searchsorted(groups.of[by_group], np.arange(count + 1)).tolist()
        self._group = {
            row: one for one in range(count) for row in by_group[bounds[one] : bounds[one + 1]][:NAMED_BY].tolist()
        }
        self._central = {row: one for one, row in enumerate(groups.central)}
        self._counts: list[Counter[str]] = [Counter() for _ in range(count)]
        self._examples: dict[int, str] = {}
        self.wanted = {*self._group, *self._central}

    def add(self, place: int, text: str) -> None:
        """One row's text."""
        if place in self._group:
            self._counts[self._group[place]].update(terms(text))
        if place in self._central:
            self._examples[self._central[place]] = text.strip()[:EXCERPT]

    def named(self) -> Named:
        """The groups, named."""
        return Named(name_topics(self._counts), self._examples)


def _first(order: np.ndarray, inside: np.ndarray, most: int) -> list[int]:
    """The first places of an order that are inside."""
    found: list[int] = order[inside[order]][:most].tolist()
    return found
