"""Tülu 3's rule: more than half of a held-out text lies in 8-grams of one train row (arXiv 2411.15124, section 3.2).

User turns only. A word of the held-out text matches when it lies in an 8-gram that it shares with the train row; the row
gives the text away when more than 50% of the text's words match it. A train set is called contaminated there when it
gives away more than 2% of an evaluation's instances: gate `<filter>/<benchmark>_contaminated_share` at 0.02.

The paper leaves open what a token is (its code asks spaCy): here it is a normalised word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.unit_preset import UnitPreset
from seatrial_plugins.decontamination.units import Units

__all__ = ["Tulu3"]

N = 8
OVERLAP = 0.5


class Tulu3(UnitPreset):
    """Looks each train row's 8-grams up among the held-out ones."""

    name = "tulu3"

    def __init__(self, held_out: HeldOut, words: Units, template: float, *, short: bool = False) -> None:
        super().__init__(held_out, words, "user")
        self._index = NgramIndex(self.items, N, template, short=short)

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out texts of which more than half matches a row."""
        for shared in self._index.shared(batch.codes(self.units, self.on)):
            share = self._index.share(shared)
            if share > OVERLAP:
                yield Overlap(shared.row, self.first(shared.item), share, shared.in_row, shared.in_item)

    def looked_for(self) -> Iterable[int]:
        """The texts that have an 8-gram."""
        return map(self.first, self._index.texts().tolist())

    def says(self, found: Found) -> str:
        """The share of the text's words."""
        return f"{found.score:.0%} of its words lie in shared {self._index.n[self.text(found.item)]}-grams of the user turns"
