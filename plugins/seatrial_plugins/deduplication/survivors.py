"""Survivors: which texts stay, and which of them stands for each that goes.

Texts are placed one after the other, those that are preferred first. A text goes where an earlier text *that stays* is
like it, and that one is its survivor; else it stays. So every text that goes was compared with its survivor, no chain of
likenesses joins what is unlike, and no two texts that stay are known to be alike but for two reasons, both told: their
answers differ, or the survivor's cluster is full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Alike", "Survivors"]


@dataclass(frozen=True, slots=True)
class Alike:
    """A text that another one is like, and how much."""

    text: int
    similarity: float


class Survivors:
    """The placement of texts 0, 1, 2, … in this order."""

    def __init__(self, answers: Sequence[int], largest: int) -> None:
        """`answers`: what each text names as right, 0 for nothing; `largest`: texts that a cluster may hold."""
        self._answers = answers
        self._largest = largest
        self._sizes: Counter[int] = Counter()
        self.gone: dict[int, Alike] = {}
        """Text → its survivor."""
        self.spared: dict[int, Alike] = {}
        """Text that stays though it is like this one, whose cluster is full."""
        self.conflicts: dict[int, Alike] = {}
        """Text that stays → the text most like it that stays too, since it names another answer."""

    def place(self, text: int, earlier: Iterable[tuple[int, float]]) -> None:
        """Decide on a text, given all earlier texts that it is like and how much; only those that stay count."""
        standing = [Alike(*one) for one in earlier if one[0] not in self.gone]
        agreeing = [one for one in standing if self._agree(text, one.text)]
        roomy = [one for one in agreeing if self._sizes[one.text] + 1 < self._largest]
        if roomy:
            survivor = _nearest(roomy)
            self.gone[text] = survivor
            self._sizes[survivor.text] += 1
            return
        if agreeing:
            self.spared[text] = _nearest(agreeing)
        for one in standing:
            if self._differ(text, one.text):
                self._note(text, one)
                self._note(one.text, Alike(text, one.similarity))

    def _agree(self, text: int, survivor: int) -> bool:
        # A text that says what is right never goes for one that doesn't.
        return self._answers[text] in {0, self._answers[survivor]}

    def _differ(self, text: int, other: int) -> bool:
        return 0 not in {self._answers[text], self._answers[other]} and self._answers[text] != self._answers[other]

    def _note(self, text: int, other: Alike) -> None:
        known = self.conflicts.get(text)
        if known is None or other.similarity > known.similarity:
            self.conflicts[text] = other


def _nearest(alike: Sequence[Alike]) -> Alike:
    """The most similar, the earliest of those."""
    return max(alike, key=lambda one: (one.similarity, -one.text))
