"""Rules by which one shared n-gram is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.texts import Side
from seatrial_plugins.decontamination.unit_preset import UnitPreset
from seatrial_plugins.decontamination.units import Units

__all__ = ["AnyNgram"]


class AnyNgram(UnitPreset):
    """A row gives a held-out text away when it shares any n-gram with it; the score is how much of the text it shares."""

    def __init__(
        self, held_out: HeldOut, units: Units, on: Side, n: int | np.ndarray, template: float, *, short: bool
    ) -> None:
        super().__init__(held_out, units, on)
        self.index = NgramIndex(self.items, n, template, short=short)

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """Every held-out text that shares an n-gram with a row, or stands in it as a whole where that is asked for."""
        for shared in self.index.shared(batch.codes(self.units, self.on)):
            share = self.index.share(shared)
            yield Overlap(shared.row, self.first(shared.item), share, shared.in_row, shared.in_item)

    def looked_for(self) -> Iterable[int]:
        """The texts that have an n-gram."""
        return map(self.first, self.index.texts().tolist())

    def says(self, found: Found) -> str:
        """The share of the text's units, or that it is all there."""
        text = self.text(found.item)
        n = int(self.index.n[text])
        if n == len(self.items.codes[text]):
            return "stands in the row as a whole"
        return f"{found.score:.0%} of its {self.units.name}s lie in shared {n}-grams"
