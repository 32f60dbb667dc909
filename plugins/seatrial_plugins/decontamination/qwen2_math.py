"""Qwen2-Math's rule: an identical text, or a shared 13-gram and a longest common subsequence of over 60%.

The announcement of Qwen2-Math (Qwen team, August 2024) names exact matches and "13-gram deduplication (with a condition
that the ratio of longest common sequence should be larger than 0.6)", and leaves open what the ratio is of. Here it is of
the shorter of the two texts, so that a question is still found inside a longer row. Both sides are normalised, and an
identical text is found whatever its length.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.subsequence import common_subsequence
from seatrial_plugins.decontamination.texts import Side
from seatrial_plugins.decontamination.unit_preset import UnitPreset
from seatrial_plugins.decontamination.units import Units

__all__ = ["Qwen2Math"]

N = 13
RATIO = 0.6


class Qwen2Math(UnitPreset):
    """Looks each train row's 13-grams up, and compares the row with the texts that share one word by word."""

    name = "qwen2_math"

    def __init__(self, held_out: HeldOut, words: Units, on: Side, template: float, *, short: bool = False) -> None:
        super().__init__(held_out, words, on)
        self._index = NgramIndex(self.items, N, template, short=short)
        self._whole: defaultdict[bytes, list[int]] = defaultdict(list)
        for text in range(len(self.items)):
            self._whole[self.items.codes[text].tobytes()].append(text)

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out texts that a row repeats, or follows over most of the shorter of both."""
        rows = batch.codes(self.units, self.on)
        found = [*self._identical(rows), *self._similar(rows)]
        seen: set[tuple[int, int]] = set()
        for overlap in sorted(found, key=lambda overlap: (overlap.row, overlap.item, -overlap.score)):
            if (overlap.row, overlap.item) not in seen:
                seen.add((overlap.row, overlap.item))
                yield overlap

    def _identical(self, rows: Codes) -> Iterator[Overlap]:
        for row in range(len(rows)):
            for text in self._whole.get(rows[row].tobytes(), ()):
                yield Overlap(row, self.first(text), 1.0)

    def _similar(self, rows: Codes) -> Iterator[Overlap]:
        for shared in self._index.shared(rows):
            row, text = rows[shared.row], self.items.codes[shared.item]
            ratio = common_subsequence(text.tolist(), row.tolist()) / min(len(row), len(text))
            if ratio > RATIO:
                yield Overlap(shared.row, self.first(shared.item), ratio, shared.in_row, shared.in_item)

    def looked_for(self) -> Iterable[int]:
        """All texts that have a word: an identical one is found whatever its length."""
        return map(self.first, range(len(self.items)))

    def says(self, found: Found) -> str:
        """How long the common subsequence is."""
        return f"the longest common subsequence has {found.score:.0%} of the shorter text's words"
