"""GPT-4's rule: one of three random stretches of 50 characters of a held-out text stands in the row (arXiv 2303.08774, C).

Spaces and symbols are taken out of both sides; letters and digits stay. A held-out text of fewer than 50 characters is
looked for as a whole, so a short one is found in every row that spells it: `no` stands in `another`. Therefore texts of
fewer characters than the suite's option `gpt4_floor` are not looked for; a floor of 1 is the paper's rule, which has none. The
report names no seed: the suite's option `seed` draws the stretches, from the text alone, so that they are the same in
every run.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from seatrial.errors import UsageError
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.characters import Characters, in_letters
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex, runs_of, widened
from seatrial_plugins.decontamination.overlap import Found, Overlap, Overlaps
from seatrial_plugins.decontamination.pattern_index import PatternIndex
from seatrial_plugins.decontamination.texts import Side, merged
from seatrial_plugins.decontamination.unit_preset import UnitPreset

__all__ = ["FLOOR", "Gpt4Substring"]

LENGTH = 50
SAMPLES = 3

FLOOR = 20
"""Letters and digits, some four words: below it a text is found in rows that have nothing to do with it. A Han character counts
for three, one of Kana or Hangul for two."""


class Gpt4Substring(UnitPreset):
    """Draws the stretches, and looks for them in every train row."""

    name = "gpt4_substring"

    def __init__(
        self, held_out: HeldOut, characters: Characters, on: Side, template: float, seed: int, floor: int = FLOOR
    ) -> None:
        super().__init__(held_out, characters, on)
        if floor < 1:
            raise UsageError(
                f"leakage: gpt4_floor is {floor}; it is a number of letters and digits, from 1, the paper's rule"
            )
        self._seed, self._floor = seed, floor
        said = np.concatenate(([0], np.cumsum(in_letters(self.items.codes.codes) * (self.items.codes.codes >= 0))))
        self._letters = said[self.items.codes.starts[1:]] - said[self.items.codes.starts[:-1]]
        starts, lengths, texts = self._drawn(template)
        self._patterns = PatternIndex(self.items.codes.codes, starts, lengths)
        self._starts, self._lengths, self._text_of_pattern = starts, lengths, texts

    def _drawn(self, template: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The stretches' places among the texts' characters, their lengths, and the texts that they are of."""
        index = NgramIndex(self.items, LENGTH, template)
        bounds = np.searchsorted(index.text_of, np.arange(len(self.items) + 1)).tolist()
        drawn: list[tuple[int, int, int]] = []
        for text, length in enumerate(self.items.codes.lengths.tolist()):
            if length < LENGTH:
                if self._letters[text] >= self._floor:
                    drawn.append((int(self.items.codes.starts[text]), length, text))
                continue
            possible = range(*bounds[text : text + 2])
            rng = random.Random(b"%d " % self._seed + self.items.codes[text].tobytes())
            chosen = rng.sample(possible, min(SAMPLES, len(possible)))
            drawn += [(int(index.starts[place]), LENGTH, text) for place in sorted(chosen)]
        array = np.array(drawn, dtype=np.int64).reshape(-1, 3)
        return array[:, 0], array[:, 1], array[:, 2]

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out texts of which a row holds a stretch; the score is how many of the three."""
        rows = batch.codes(self.units, self.on)
        places, found = self._patterns.find(rows.codes)
        row = rows.text_at(places)
        pairs = row * max(1, len(self.items)) + self._text_of_pattern[found]
        different = np.unique(pairs)
        in_rows = runs_of(pairs, places - rows.starts[row], different)
        in_items = runs_of(pairs, found, different)
        for pair, in_row, in_item in zip(different.tolist(), in_rows, in_items, strict=True):
            text = pair % len(self.items)
            patterns = [pattern for run in in_item for pattern in range(*run)]
            length = int(self._lengths[patterns[0]])
            starts = (self._starts[patterns] - self.items.codes.starts[text]).tolist()
            yield Overlap(
                pair // len(self.items),
                self.first(text),
                len(patterns),
                widened(in_row, length),
                merged((start, start + length) for start in starts),
            )

    def looked_for(self) -> Iterable[int]:
        """The texts that a stretch was drawn from."""
        return map(self.first, np.unique(self._text_of_pattern).tolist())

    def facts(self, overlaps: Overlaps) -> Mapping[str, object]:
        """The seed, the floor, and how many texts lie below it."""
        del overlaps
        below = int((self._letters < self._floor).sum())
        return {"seed": self._seed, "floor": self._floor, "below_floor": below}

    def says(self, found: Found) -> str:
        """How many of its stretches."""
        own = self._text_of_pattern == self.text(found.item)
        drawn, length = int(own.sum()), int(self._lengths[own][0])
        if length < LENGTH:
            return f"all of it, {length} letters and digits, stands in the row"
        return f"{found.score:.0f} of {drawn} random stretches of its letters and digits, {length} each, in the row"
