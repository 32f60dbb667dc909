"""Tülu 3's rule: more than half of a held-out text lies in 8-grams of one train row (arXiv 2411.15124, section 3.2).

User turns only. A word of the held-out text matches when it lies in an 8-gram that it shares with the train row; the row
gives the text away when more than 50% of the text's words match it. A train set is called contaminated there when it
gives away more than 2% of an evaluation's instances: the findings say how many it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial import Row
from seatrial_plugins.leakage.held_out_texts import HeldOutTexts
from seatrial_plugins.leakage.ngram_index import NgramIndex
from seatrial_plugins.leakage.overlap import Overlap
from seatrial_plugins.leakage.texts import compared_turns, spelled

__all__ = ["CONTAMINATED", "Tulu3"]

N = 8
OVERLAP = 0.5
CONTAMINATED = 0.02
"""Share of given-away held-out rows above which Tülu 3 calls the train set contaminated."""


class Tulu3:
    """Looks each train row's 8-grams up among the held-out ones."""

    name = "tulu3"
    meaning = "lies in shared 8-grams of the user turns"

    def __init__(self, held_out: Iterable[Row], template: float) -> None:
        self._held_out = HeldOutTexts.read(held_out, "user")
        self._index = NgramIndex(self._held_out.texts, N, template)
        self._alike = {rows[0]: rows for rows in self._held_out.rows}

    def turns(self, row: Row) -> tuple[int, ...]:
        """The user's."""
        return compared_turns(row, "user")

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows whose user says the same."""
        return self._alike[item]

    def find(self, row: Row) -> Iterator[Overlap]:
        """The held-out texts of which more than half matches this row."""
        for text, shared in self._index.shared(spelled(row, self.turns(row))).items():
            score = len(shared.in_text) / len(self._held_out.texts[text])
            if score > OVERLAP:
                first = self._held_out.rows[text][0]
                yield Overlap(first, score, frozenset(shared.in_row), frozenset(shared.in_text))
