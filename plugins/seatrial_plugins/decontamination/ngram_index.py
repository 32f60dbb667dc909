"""An n-gram index: which stretches of which held-out texts a batch of train rows shares."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.held_out import Items
from seatrial_plugins.decontamination.pattern_index import PatternIndex, spread
from seatrial_plugins.decontamination.texts import Runs, merged

__all__ = ["SHORTEST", "NgramIndex", "Shared", "runs_of", "template_limit", "widened"]

TEMPLATE_TEXTS = 10
"""An n-gram in no more texts than this is never taken for a template (as in GPT-3's appendix C)."""

SHORTEST = 3
"""The fewest words of a text that is matched as a whole, where a rule does that: DeepSeekMath's number."""

_PORTION = 1 << 20
"""About how many matches are held at a time."""

_REPEATS = 100
"""Places of one row where one n-gram's matches are followed: a row that says the same a million times says it once."""


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
            n: how many words an n-gram has; one number, or one for each text. Of characters that stand for a part of a word
                it has more, each text as many as are n words of its own.
            template: the share of a group's texts above which an n-gram is a template; 1.0 for none.
            short: whether texts of fewer than n words, but at least `SHORTEST`, are matched as a whole.
        """
        self.items = items
        lengths = items.codes.lengths
        self.n = np.rint(n * items.units_a_word).astype(np.int64)
        """int64, shape [texts]: the length of the grams that are looked for in each."""
        whole = (lengths >= np.rint(SHORTEST * items.units_a_word)) & (lengths < self.n) & short
        self.n = np.where(whole, lengths, self.n)
        grams = np.maximum(lengths - self.n + 1, 0)
        texts = np.repeat(np.arange(len(items)), grams)
        starts = np.repeat(items.codes.starts[:-1] - np.cumsum(grams) + grams, grams) + np.arange(grams.sum())
        index = PatternIndex(items.codes.codes, starts, self.n[texts])
        common = self._wording(index, texts, starts, template)
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
        self._own = np.concatenate(([0], np.cumsum(~common & (items.codes.codes >= 0))))
        pairs = np.unique(index.gram * max(1, len(items)) + texts)
        self._gram_texts = pairs % max(1, len(items))
        """The texts that have each gram, gram after gram."""
        self._text_bounds = np.searchsorted(pairs, np.arange(index.grams + 1) * max(1, len(items)))

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

    def texts(self) -> np.ndarray:
        """The texts that have an n-gram to be found by, ascending."""
        return np.unique(self.text_of)

    # ---- what rows share ------------------------------------------------------------------------------------------

    def shared(self, rows: Codes) -> Iterator[Shared]:
        """What each row shares with each text; only pairs that share an n-gram, by row and then text.

        What a row repeats and what a text repeats are gathered apart: a word said a million times, looked up in a text that
        says it a thousand times, must not become a thousand million pairs.
        """
        places, grams = self.patterns.find_grams(rows.codes)
        if not len(places):
            return
        row, texts = rows.text_at(places), len(self.items)
        of, entries = spread(self._text_bounds, grams)
        in_row = row[of] * texts + self._gram_texts[entries], (places - rows.starts[row])[of]
        once = np.unique(row * self.patterns.grams + grams)
        of, patterns = self.patterns.patterns(once % self.patterns.grams)
        in_text = (once // self.patterns.grams)[of] * texts + self.text_of[patterns], self._within(patterns)
        pairs = np.unique(in_row[0])
        runs = zip(runs_of(*in_row, pairs), runs_of(*in_text, pairs), strict=True)
        for pair, (row_grams, item_grams) in zip(pairs.tolist(), runs, strict=True):
            item = pair % texts
            yield Shared(pair // texts, item, int(self.n[item]), row_grams, item_grams)

    def matches(self, rows: Codes) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Pairs of places where a row and a text share an n-gram: row, text, where it begins in each; in portions.

        Every pair, but for rows that repeat themselves: of an n-gram, each row's first `_REPEATS` places are looked at.
        """
        places, grams = self.patterns.find_grams(rows.codes)
        order = np.lexsort((places, grams, rows.text_at(places)))
        said = np.stack([rows.text_at(places), grams])[:, order]
        first = np.flatnonzero(np.any(np.diff(said, axis=1, prepend=-1) != 0, axis=0))
        times = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
        kept = np.sort(order[times < _REPEATS])
        places, grams = places[kept], grams[kept]
        pairs = np.cumsum(self.patterns.counts(grams))
        cuts = np.searchsorted(pairs, np.arange(0, pairs[-1] if len(pairs) else 0, _PORTION), side="right")
        for begin, end in itertools.pairwise([*cuts.tolist(), len(places)]):
            of, patterns = self.patterns.patterns(grams[begin:end])
            at = places[begin:end][of]
            row = rows.text_at(at)
            yield row, self.text_of[patterns], at - rows.starts[row], self._within(patterns)

    def _within(self, patterns: np.ndarray) -> np.ndarray:
        """Where patterns begin in their texts."""
        return self.starts[patterns] - self.items.codes.starts[self.text_of[patterns]]

    def own(self, item: int, runs: Iterable[tuple[int, int]] | None = None) -> int:
        """How many of a text's units, or of those in some runs of it, are its own; the runs must not overlap."""
        start, end = self.items.codes.starts[item : item + 2].tolist()
        stretches = ((0, end - start),) if runs is None else runs
        return int(sum(self._own[start + stop] - self._own[start + begin] for begin, stop in stretches))

    def share(self, shared: Shared) -> float:
        """Which share of the text's own units lies in shared n-grams, in (0, 1]."""
        return self.own(shared.item, shared.in_item) / self.own(shared.item)


def runs_of(keys: np.ndarray, places: np.ndarray, different: np.ndarray) -> Iterator[Runs]:
    """For each of the `different` keys, ascending, the unbroken runs of its places."""
    order = np.lexsort((places, keys))
    keys, places = keys[order], places[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (places[1:] > places[:-1] + 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(keys))[: len(first)] - 1
    runs = list(zip(places[first].tolist(), (places[last] + 1).tolist(), strict=True))
    bounds = np.append(np.searchsorted(keys[first], different), len(runs)).tolist()
    return (tuple(runs[start:stop]) for start, stop in itertools.pairwise(bounds))
