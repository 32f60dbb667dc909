"""An n-gram index: which stretches of which held-out texts a batch of train rows shares."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from seatrial_plugins.leakage.codes import Codes
from seatrial_plugins.leakage.held_out import Items
from seatrial_plugins.leakage.pattern_index import PatternIndex
from seatrial_plugins.leakage.texts import Runs, merged

__all__ = ["SHORTEST", "NgramIndex", "Shared", "template_limit", "widened"]

TEMPLATE_TEXTS = 10
"""An n-gram in no more texts than this is never taken for a template (as in GPT-3's appendix C)."""

SHORTEST = 3
"""The fewest units of a text that is matched as a whole, where a rule does that: DeepSeekMath's number of words."""


def template_limit(template: float, texts: int) -> int:
    """How many different texts an n-gram may stand in before it is the task's template."""
    return max(TEMPLATE_TEXTS, int(template * texts))


@dataclass(frozen=True, slots=True)
class Shared:
    """What one row and one held-out text have in common."""

    row: int
    """Index in the batch."""
    item: int
    n: int
    """The length of the shared n-grams."""
    row_grams: Runs
    """Where shared n-grams begin in the row."""
    item_grams: Runs
    """Where they begin in the text."""

    @property
    def in_row(self) -> Runs:
        """Units of the row that lie in shared n-grams."""
        return widened(self.row_grams, self.n)

    @property
    def in_item(self) -> Runs:
        """Units of the text that do."""
        return widened(self.item_grams, self.n)


def widened(grams: Runs, n: int) -> Runs:
    """The units that lie in n-grams beginning in those runs."""
    return merged((start, stop - 1 + n) for start, stop in grams)


class NgramIndex:
    """All n-grams of the held-out texts, but those that are the texts' common wording.

    An n-gram of more texts of a group than `template_limit` allows is a template. It is left out, and so is every n-gram
    most of whose units lie in templates: nine words of the pattern and one more give nothing away either. What is left
    of a text, its *own* units, is what shares are of.
    """

    def __init__(self, items: Items, n: int | np.ndarray, template: float, *, short: bool = False) -> None:
        """Index n-grams.

        Args:
            items: the held-out texts.
            n: how many units an n-gram has; one number, or one for each text.
            template: the share of a group's texts above which an n-gram is a template; 1.0 for none.
            short: whether texts of fewer than n units, but at least `SHORTEST`, are matched as a whole.
        """
        self.items = items
        lengths = items.codes.lengths
        self.n = np.broadcast_to(np.asarray(n, dtype=np.int64), lengths.shape)
        """int64, shape [texts]: the length of the grams that are looked for in each."""
        whole = (lengths >= SHORTEST) & (lengths < self.n) & short
        self.n = np.where(whole, lengths, self.n)
        grams = np.maximum(lengths - self.n + 1, 0)
        texts = np.repeat(np.arange(len(items)), grams)
        starts = np.repeat(items.codes.starts[:-1] - np.cumsum(grams) + grams, grams) + np.arange(grams.sum())
        index = PatternIndex(items.codes.codes, starts, self.n[texts])
        common = self._wording(index, texts, starts, template)
        own = ~common
        if common.any():
            inside = np.concatenate(([0], np.cumsum(common)))
            telling = 2 * (inside[starts + self.n[texts]] - inside[starts]) <= self.n[texts]
            texts, starts = texts[telling], starts[telling]
            index = PatternIndex(items.codes.codes, starts, self.n[texts])
        self.patterns = index
        self.text_of = texts
        """Pattern → the text it stands in."""
        self.starts = starts
        """Pattern → its place among the codes of all texts."""
        self._own = np.concatenate(([0], np.cumsum(own & (items.codes.codes >= 0))))

    def _wording(self, index: PatternIndex, texts: np.ndarray, starts: np.ndarray, template: float) -> np.ndarray:
        """Which units of the texts lie in templates."""
        items = self.items
        edges = np.zeros(len(items.codes.codes) + 1, dtype=np.int64)
        if len(texts):
            groups = len(items.counts)
            limits = np.array([template_limit(template, count) for count in items.counts.tolist()])
            places = np.unique(index.gram * len(items) + texts)  # each gram once a text
            counts = np.bincount(places // len(items) * groups + items.groups[places % len(items)])
            common = counts[index.gram * groups + items.groups[texts]] > limits[items.groups[texts]]
            np.add.at(edges, starts[common], 1)
            np.add.at(edges, starts[common] + self.n[texts[common]], -1)
        return np.cumsum(edges[:-1]) > 0

    # ---- what rows share ------------------------------------------------------------------------------------------

    def matches(self, rows: Codes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Every n-gram that a row and a text share: the row, the text, and where it begins in each."""
        places, patterns = self.patterns.find(rows.codes)
        texts, row = self.text_of[patterns], rows.text_at(places)
        return row, texts, places - rows.starts[row], self.starts[patterns] - self.items.codes.starts[texts]

    def shared(self, rows: Codes) -> Iterator[Shared]:
        """What each row shares with each text; only pairs that share an n-gram, by row and then text."""
        row, texts, in_row, in_text = self.matches(rows)
        if not len(row):
            return
        pairs = row * len(self.items) + texts
        different = np.unique(pairs)
        runs = zip(_runs(pairs, in_row, different), _runs(pairs, in_text, different), strict=True)
        for pair, (row_grams, item_grams) in zip(different.tolist(), runs, strict=True):
            item = pair % len(self.items)
            yield Shared(pair // len(self.items), item, int(self.n[item]), row_grams, item_grams)

    def own(self, item: int, runs: Iterable[tuple[int, int]] | None = None) -> int:
        """How many of a text's units, or of those in some runs of it, are its own; the runs must not overlap."""
        start, end = self.items.codes.starts[item : item + 2].tolist()
        stretches = ((0, end - start),) if runs is None else runs
        return int(sum(self._own[start + stop] - self._own[start + begin] for begin, stop in stretches))

    def share(self, shared: Shared) -> float:
        """Which share of the text's own units lies in shared n-grams, in (0, 1]."""
        return self.own(shared.item, shared.in_item) / self.own(shared.item)


def _runs(keys: np.ndarray, places: np.ndarray, different: np.ndarray) -> Iterator[Runs]:
    """For each of the `different` keys, ascending, the unbroken runs of its places."""
    order = np.lexsort((places, keys))
    keys, places = keys[order], places[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (places[1:] > places[:-1] + 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(keys)) - 1
    runs = list(zip(places[first].tolist(), (places[last] + 1).tolist(), strict=True))
    bounds = np.append(np.searchsorted(keys[first], different), len(runs)).tolist()
    return (tuple(runs[start:stop]) for start, stop in itertools.pairwise(bounds))
