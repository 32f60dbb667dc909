"""What train rows are looked up in: finds the held-out text that a text stands out with, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from seatrial.data.cosines import DIGITS
from seatrial.model import Encoder
from seatrial_plugins.decontamination.semantic_alignment import alignment
from seatrial_plugins.decontamination.semantic_score import margin, surroundings
from seatrial_plugins.decontamination.semantic_structure import is_code
from seatrial_plugins.decontamination.semantic_texts import HeldOutTexts, Near, groups

__all__ = ["FIRST_LOOK", "LEAST_COSINE", "VIEWS", "Match", "SemanticIndex", "View"]

View = Literal["cosine", "alignment", "structure"]
"""What of a pair is compared."""

VIEWS: tuple[View, ...] = ("cosine", "alignment", "structure")

FIRST_LOOK = 0.1
"""Words are aligned if the cosine of one of the candidates stands out by this much. Measured on GSM8K: two thirds of the
train questions are spared the second look, and no rephrased question is lost."""

LEAST_COSINE = 0.5
"""Texts farther apart than this are not one question, however little stands around them. On GSM8K the cosine of a question
and itself, reworded, is above 0.74 for 99.5%. Programs are not held to it."""

USUAL: Mapping[View, float] = {"cosine": 0.64, "alignment": 0.48, "structure": 0.51}
"""Surroundings where there are too few held-out texts to tell: the medians between GSM8K's test questions, and between
MBPP's programs."""

_ROWS = 256
# Texts that are held against all held-out ones at a time.

_GROUP = 32
# Texts whose candidates' words are held at a time: at most 90 MB.


@dataclass(frozen=True, slots=True)
class Match:
    """The held-out text that a text stands out most with."""

    item: int
    """Its index."""
    score: float
    """See `semantic_score`; rounded as the ledger shows it."""
    cosine: float
    """Of the encoder's vectors."""
    view: View
    """What else was looked at; `cosine` where nothing was."""
    likeness: float
    """The similarity in that view."""


class _Pairs:
    """A text beside its candidates, and how far each of those stands out in what was looked at so far."""

    def __init__(self, text: str, near: Near) -> None:
        self.text = text
        self.code = is_code(text)
        self.near = near
        self.margins = np.full(len(near.items), -np.inf)
        """Of the cosines."""
        self.scores = np.full(len(near.items), -np.inf)
        self.views: list[View] = ["cosine"] * len(near.items)
        self.likeness = near.cosines.copy()

    def best(self) -> Match | None:
        """The candidate with the highest score; None where none has one."""
        if not np.isfinite(self.scores).any():
            return None
        place = int(np.argmax(self.scores))
        return Match(
            int(self.near.items[place]),
            round(float(self.scores[place]), DIGITS),
            float(self.near.cosines[place]),
            self.views[place],
            float(self.likeness[place]),
        )


class SemanticIndex:
    """Compares texts with held-out ones. What a text finds depends on it and the held-out texts alone."""

    def __init__(self, texts: Sequence[str], encoder: Encoder, *, second_look: bool = True) -> None:
        self.held_out = HeldOutTexts(texts, encoder)
        self._second_look = second_look
        self._around: dict[tuple[View, int], float] = {}

    def find(self, texts: Sequence[str], vectors: np.ndarray | None = None) -> list[Match | None]:
        """The best match of each text; None where a text says nothing, or nothing stands out at the first look.

        Args:
            texts: what is looked up.
            vectors: theirs, where the encoder has been asked already; shape [texts, dimensions].
        """
        found: list[Match | None] = [None] * len(texts)
        said = [place for place, text in enumerate(texts) if text.strip()] if self.held_out.texts else []
        for places in groups(said, _ROWS):
            asked = [texts[place] for place in places]
            pairs = self._first_look(asked, self.held_out.encoder.encode(asked) if vectors is None else vectors[places])
            if self._second_look:
                for view in VIEWS[1:]:
                    for group in groups([each for each in pairs if self._chosen(each, view).any()], _GROUP):
                        self._look_again(group, view)
            for place, each in zip(places, pairs, strict=True):
                found[place] = each.best()
        return found

    def _first_look(self, texts: Sequence[str], vectors: np.ndarray) -> list[_Pairs]:
        near = self.held_out.nearest(vectors)
        pairs = [_Pairs(text, each) for text, each in zip(texts, near, strict=True)]
        around = self._surroundings({int(item) for each in near for item in each.items}, "cosine")
        for each in pairs:
            each.margins = self._margins(each.near, each.near.cosines, around, "cosine")
            if not self._second_look:
                each.scores = each.margins
        return pairs

    def _chosen(self, pairs: _Pairs, view: View) -> np.ndarray:
        """Which of the candidates are looked at in this view."""
        programs = self.held_out.code[pairs.near.items] & pairs.code
        if view == "structure":
            # Without a first look: it costs little, and the cosine of a rewritten program says little.
            return programs
        worth_it = pairs.margins.max(initial=-np.inf) >= FIRST_LOOK
        return ~programs & (pairs.near.cosines >= LEAST_COSINE) & bool(worth_it)

    def _look_again(self, pairs: Sequence[_Pairs], view: View) -> None:
        chosen = [self._chosen(each, view) for each in pairs]
        likeness = self._likeness([each.text for each in pairs], [each.near for each in pairs], view)
        items = {int(item) for each, these in zip(pairs, chosen, strict=True) for item in each.near.items[these]}
        around = self._surroundings(items, view)
        for each, these, values in zip(pairs, chosen, likeness, strict=True):
            margins = self._margins(each.near, values, around, view)
            each.scores[these] = (each.margins[these] + margins[these]) / 2
            each.likeness[these] = values[these]
            each.views = [view if this else before for this, before in zip(these, each.views, strict=True)]

    def _margins(self, near: Near, values: np.ndarray, around: Mapping[int, float], view: View) -> np.ndarray:
        """How far each candidate stands out, nan where its surroundings are not given."""
        copies = self.held_out.copies(near.items)
        found = np.full(len(near.items), np.nan)
        for place, item in enumerate(near.items.tolist()):
            if item in around:
                # A near-copy of the candidate does not speak against it.
                found[place] = margin(values[place], surroundings(values[~copies[place]], USUAL[view]), around[item])
        return found

    def _likeness(self, texts: Sequence[str], near: Sequence[Near], view: View) -> list[np.ndarray]:
        """The similarity of each text to its candidates."""
        if view == "structure":
            return [self.held_out.structure.likeness(text, each.items) for text, each in zip(texts, near, strict=True)]
        words = self.held_out.words({int(item) for each in near for item in each.items})
        return [
            np.array([alignment(mine, words[item]) for item in each.items.tolist()])
            for mine, each in zip(self.held_out.aligned(texts), near, strict=True)
        ]

    def _surroundings(self, items: Iterable[int], view: View) -> dict[int, float]:
        """What the held-out texts at `items` reach with their own neighbours; kept once it is known."""
        wanted = sorted(items)
        for group in groups([item for item in wanted if (view, item) not in self._around], _GROUP):
            near = list(self.held_out.neighbours(group).values())
            if view == "cosine":
                values = [each.cosines for each in near]
            else:
                values = self._likeness([self.held_out.texts[item] for item in group], near, view)
            for item, reached in zip(group, values, strict=True):
                self._around[view, item] = surroundings(reached, USUAL[view])
        return {item: self._around[view, item] for item in wanted}
