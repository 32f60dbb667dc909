"""DeepSeekMath's rule: any shared 10-gram; held-out texts of 3 to 9 words are matched as a whole (arXiv 2402.03300, 2.1).

"As a whole" is read as in the paper, where web pages are searched for benchmark texts: all of the held-out text's words
stand in the train row, one after the other. Texts of one or two words are too short for the rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from seatrial import Row
from seatrial_plugins.leakage.held_out_texts import HeldOutTexts
from seatrial_plugins.leakage.ngram_index import NgramIndex
from seatrial_plugins.leakage.overlap import Overlap
from seatrial_plugins.leakage.texts import Side, compared_turns, spelled

__all__ = ["DeepSeekMath"]

N = 10
SHORTEST = 3


class DeepSeekMath:
    """Looks each train row's 10-grams up among the held-out ones, and its 3- to 9-grams among the short texts."""

    name = "deepseek_math"
    meaning = "lies in shared 10-grams, or is a short text found as a whole,"

    def __init__(self, held_out: Iterable[Row], on: Side, template: float) -> None:
        self._on = on
        self._held_out = HeldOutTexts.read(held_out, on)
        self._index = NgramIndex(self._held_out.texts, N, template)
        self._alike = {rows[0]: rows for rows in self._held_out.rows}
        self._short: defaultdict[int, dict[tuple[str, ...], int]] = defaultdict(dict)
        for index, text in enumerate(self._held_out.texts):
            if SHORTEST <= len(text) < N:
                self._short[len(text)][text] = index

    def turns(self, row: Row) -> tuple[int, ...]:
        """The input's, or all; never the system's."""
        return compared_turns(row, self._on)

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same words."""
        return self._alike[item]

    def find(self, row: Row) -> Iterator[Overlap]:
        """The held-out texts that share a 10-gram with this row, or stand in it as a whole."""
        words = spelled(row, self.turns(row))
        for text, shared in self._index.shared(words).items():
            score = len(shared.in_text) / len(self._held_out.texts[text])
            yield Overlap(self._first(text), score, frozenset(shared.in_row), frozenset(shared.in_text))
        yield from self._whole(words)

    def _whole(self, words: Sequence[str]) -> Iterator[Overlap]:
        found: defaultdict[int, set[int]] = defaultdict(set)
        for n, texts in self._short.items():
            for place in range(len(words) - n + 1):
                text = texts.get(tuple(words[place : place + n]))
                if text is not None:
                    found[text].update(range(place, place + n))
        for text, places in found.items():
            yield Overlap(self._first(text), 1.0, frozenset(places))

    def _first(self, text: int) -> int:
        return self._held_out.rows[text][0]
