"""Llama 2's rule: the share of a held-out text's tokens that lie in long spans shared with the train set (arXiv 2307.09288, A.6).

A token is contaminated if it lies in a span of more than 10 tokens that the text shares with a train row, where up to
four tokens may differ, but none of the first ten and not the last. A text is *clean* with less than 20% contaminated
tokens and *not clean* otherwise, *not dirty* with less than 80% and *dirty* otherwise. A train row is found that shares
such a span with a text which is not clean, for which the train set is taken as a whole.

Tokens are those of the model under test, and the text is what the conversation says without its chat template: the
template's own words are in every row. The paper's spans are "longer than 10 tokens" in one place and of "10(+)" in
another: here they are longer than L. It repeats its analysis for L of 10 to 50, and calls a data set affected only if the
scores of all four subsets lie more than two standard errors off: the subsets' sizes for each L are among the facts, the
scores are not known here. A differing token inside a span counts as contaminated: it lies in the span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

import numpy as np

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex
from seatrial_plugins.decontamination.overlap import Found, Overlap, Overlaps
from seatrial_plugins.decontamination.texts import Side, merged
from seatrial_plugins.decontamination.unit_preset import UnitPreset
from seatrial_plugins.decontamination.units import Units

__all__ = ["Llama2", "spanned"]

SEED = 10
"""Tokens at the beginning of a span that may not differ; and its length is more than this."""
DIFFERING = 4
CLEAN = 0.2
DIRTY = 0.8
LENGTHS = (10, 20, 30, 40, 50)


class Llama2(UnitPreset):
    """Looks each train row's 10-grams of tokens up, and extends what is found to the right."""

    name = "llama2"

    def __init__(self, held_out: HeldOut, tokens: Units, on: Side, template: float, *, short: bool = False) -> None:
        super().__init__(held_out, tokens, on)
        self._held_out = held_out
        self._index = NgramIndex(self.items, SEED, template, short=short)

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """Every held-out text that shares a span with a row; the spans' places in the text are taken down."""
        rows = batch.codes(self.units, self.on)
        for (row, text), seeds in self._seeds(rows).items():
            spans = []
            for in_row, in_text, known in seeds:
                length = spanned(rows[row][in_row:], self.items.codes[text][in_text:], known)
                if length > SEED or known < SEED:
                    spans.append((in_row, in_text, length))
                if length == len(self.items.codes[text]):
                    break  # all of the text in one span: no other says more of it
            if spans:
                in_item = [(in_text, in_text + length) for _, in_text, length in spans]
                yield Overlap(
                    row,
                    self.first(text),
                    self._share(text, in_item),
                    merged((in_row, in_row + length) for in_row, _, length in spans),
                    merged(in_item),
                    tuple(chain.from_iterable(in_item)),
                )

    def _seeds(self, rows: Codes) -> dict[tuple[int, int], list[tuple[int, int, int]]]:
        """(row, text) → stretches of shared 10-grams that follow each other: the places where they begin, the length."""
        seeds: defaultdict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        for row, text, in_row, in_text in self._index.matches(rows):
            order = np.lexsort((in_row, in_row - in_text, text, row))
            keys = np.stack([row, text, in_row - in_text, in_row])[:, order]
            keys[3] -= np.arange(len(order))  # constant while 10-grams follow each other
            first = np.flatnonzero(np.any(np.diff(keys, axis=1, prepend=-1) != 0, axis=0))
            begins = order[first]
            lengths = np.diff(np.append(first, len(order))) - 1 + self._index.n[text[begins]]
            found = np.stack([row[begins], text[begins], in_row[begins], in_text[begins], lengths])
            for of_row, of_text, place, other, length in found.T.tolist():
                seeds[of_row, of_text].append((place, other, length))
        return seeds

    def _share(self, text: int, spans: Iterable[tuple[int, int]]) -> float:
        own = self._index.own(text)
        return self._index.own(text, merged(spans)) / own if own else 0.0

    def settle(self, overlaps: Overlaps) -> Iterator[Found]:
        """What is found of texts that are not clean; the score is what the train set as a whole contaminates."""
        shares = {item: self._share(self.text(item), spans) for item, spans in _by_item(overlaps).items()}
        for found in overlaps:
            if shares[found.item] >= CLEAN:
                yield replace(found, score=shares[found.item])

    def facts(self, overlaps: Overlaps) -> Mapping[str, object]:
        """How many held-out rows each of the four subsets has, by group and L; rows without text are in none."""
        by_item = _by_item(overlaps)
        counts = {
            group: {f"L{length}": dict.fromkeys(("clean", "not_clean", "not_dirty", "dirty"), 0) for length in LENGTHS}
            for group in self._held_out.names
        }
        for text, rows in enumerate(self.items.rows):
            group = self._held_out.names[int(self.items.groups[text])]
            spans = by_item.get(rows[0], set())
            for length in LENGTHS:
                share = self._share(text, [span for span in spans if self._counts(text, span, length)])
                subsets = counts[group][f"L{length}"]
                subsets["clean" if share < CLEAN else "not_clean"] += len(rows)
                subsets["not_dirty" if share < DIRTY else "dirty"] += len(rows)
        return counts

    def _counts(self, text: int, span: tuple[int, int], length: int) -> bool:
        """Whether a span is longer than that, or a short text as a whole."""
        return span[1] - span[0] > length or int(self._index.n[text]) < SEED

    def looked_for(self) -> Iterable[int]:
        """The texts with a span that is long enough, or matched as a whole."""
        lengths = self.items.codes.lengths
        return (
            self.first(text)
            for text in self._index.texts().tolist()
            if lengths[text] > SEED or self._index.n[text] < SEED
        )

    def says(self, found: Found) -> str:
        """The contaminated share of the text's tokens, by the train set and by the row."""
        mine = self._share(self.text(found.item), _pairs(found.also))
        kind = "dirty" if found.score >= DIRTY else "not clean"
        return f"the train set contaminates {found.score:.0%} of its tokens ({kind}), this row {mine:.0%}"


def spanned(row: np.ndarray, text: np.ndarray, known: int) -> int:
    """How long a span is that begins where both begin, when so many tokens are known to be equal."""
    length = min(len(row), len(text))
    equal = row[known:length] == text[known:length]
    within = np.cumsum(~equal) <= DIFFERING
    ends = np.flatnonzero(equal & within)
    return known + (int(ends[-1]) + 1 if len(ends) else 0)


def _by_item(overlaps: Overlaps) -> dict[int, set[tuple[int, int]]]:
    """Held-out row → its spans that any train row shares."""
    spans: defaultdict[int, set[tuple[int, int]]] = defaultdict(set)
    for found in overlaps:
        spans[found.item].update(_pairs(found.also))
    return spans


def _pairs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)
