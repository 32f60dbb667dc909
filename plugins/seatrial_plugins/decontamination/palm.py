"""PaLM's rule: at least 70% of a held-out text's 8-grams occur somewhere in the train set (arXiv 2204.02311, section 8).

The train set is taken as a whole: rows that hold a part of the text each give it away together, and each of them is
found. The paper does not say what a gram is: here it is a normalised word. A text of fewer than 8 words has no 8-gram.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex
from seatrial_plugins.decontamination.overlap import Found, Overlap, Overlaps
from seatrial_plugins.decontamination.texts import Side
from seatrial_plugins.decontamination.unit_preset import UnitPreset
from seatrial_plugins.decontamination.units import Units

__all__ = ["Palm"]

N = 8
CONTAMINATED = 0.7


class Palm(UnitPreset):
    """Looks each train row's 8-grams up among the held-out ones, and adds up what all rows hold of a text."""

    name = "palm"

    def __init__(self, held_out: HeldOut, words: Units, on: Side, template: float, *, short: bool = False) -> None:
        super().__init__(held_out, words, on)
        self._index = NgramIndex(self.items, N, template, short=short)
        self._grams = np.bincount(self._index.text_of, minlength=len(self.items))
        """How many 8-grams each text has, templates left out."""

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """Every held-out text that shares an 8-gram with a row; where the shared ones begin is taken down."""
        for shared in self._index.shared(batch.codes(self.units, self.on)):
            share = sum(stop - start for start, stop in shared.item_grams) / self._grams[shared.item]
            also = tuple(place for run in shared.item_grams for place in run)
            yield Overlap(shared.row, self.first(shared.item), share, shared.in_row, shared.in_item, also)

    def settle(self, overlaps: Overlaps) -> Iterator[Found]:
        """What is found of the texts of which all rows together hold enough; the score is what they hold together."""
        held: defaultdict[int, set[int]] = defaultdict(set)
        for found in overlaps:
            for start, stop in _pairs(found.also):
                held[found.item].update(range(start, stop))
        shares = {item: len(places) / int(self._grams[self.text(item)]) for item, places in held.items()}
        for found in overlaps:
            if shares[found.item] >= CONTAMINATED:
                yield replace(found, score=shares[found.item])

    def looked_for(self) -> Iterable[int]:
        """The texts that have an 8-gram."""
        return map(self.first, self._index.texts().tolist())

    def says(self, found: Found) -> str:
        """The train set's share, and the row's."""
        text = self.text(found.item)
        mine = sum(stop - start for start, stop in _pairs(found.also)) / int(self._grams[text])
        return f"the train set holds {found.score:.0%} of its {self._index.n[text]}-grams, this row {mine:.0%}"


def _pairs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)
