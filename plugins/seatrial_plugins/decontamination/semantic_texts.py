"""The held-out texts of the semantic rule: their vectors, nearest others, words and skeletons."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from seatrial.data.cosines import cosines
from seatrial.model import Encoder, EncodesWords
from seatrial_plugins.decontamination.semantic_alignment import AlignedText, Rarity
from seatrial_plugins.decontamination.semantic_structure import Structure, is_code

T = TypeVar("T")

__all__ = ["CANDIDATES", "NEAR_COPY", "HeldOutTexts", "Near", "groups"]

CANDIDATES = 7
"""Held-out texts that a text is compared with: those nearest to it by the encoder. Measured: among the first five stands
the one that was paraphrased for 99% of HumanEval's programs and all of MMLU's sociology questions."""

NEAR_COPY = 0.95
"""Cosine from which on two held-out texts count as one: a copy among the held-out rows must not look like another text
that happens to be as near."""

_ROWS = 256
# Texts whose cosines to all held-out ones are held at a time.

_KEPT = 512
# Texts whose words are kept: 200 MB if all are as long as the encoder reads.


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The held-out texts nearest to a text, the nearest first."""

    items: np.ndarray
    cosines: np.ndarray


class HeldOutTexts:
    """What is known of the held-out texts. Their words, the costly part, are encoded when they are asked for."""

    def __init__(self, texts: Sequence[str], encoder: Encoder) -> None:
        self.texts = tuple(texts)
        self.encoder = encoder
        self.vectors = encoder.encode(self.texts)
        """Unit vectors, float32, shape [texts, dimensions]."""
        self.code = np.array([is_code(text) for text in self.texts], dtype=bool)
        """Which of them are programs: shape [texts]."""
        self.structure = Structure(self.texts)
        self._rarity = Rarity(self.texts)
        self._near: dict[int, Near] = {}
        self._words: OrderedDict[int, AlignedText] = OrderedDict()

    def nearest(self, vectors: np.ndarray) -> list[Near]:
        """The held-out texts nearest to each vector."""
        return self._nearest(cosines(vectors, self.vectors))

    def neighbours(self, items: Iterable[int]) -> dict[int, Near]:
        """The held-out texts nearest to those at `items`, near-copies left out."""
        wanted = dict.fromkeys(items)
        for block in groups([item for item in wanted if item not in self._near], _ROWS):
            found = cosines(self.vectors[block], self.vectors)
            found[found >= NEAR_COPY] = -np.inf
            found[np.arange(len(block)), block] = -np.inf  # a text of no words is not even near itself
            self._near.update(zip(block, self._nearest(found), strict=True))
        return {item: self._near[item] for item in wanted}

    @staticmethod
    def _nearest(near: np.ndarray) -> list[Near]:
        count = near.shape[1]
        kept = np.argpartition(near, count - CANDIDATES, axis=1)[:, -CANDIDATES:] if count > CANDIDATES else None
        found = []
        for row in range(len(near)):
            items = np.arange(count) if kept is None else np.sort(kept[row])
            items = items[np.isfinite(near[row, items])]
            items = items[np.argsort(-near[row, items], kind="stable")]
            found.append(Near(items, near[row, items]))
        return found

    def copies(self, items: np.ndarray) -> np.ndarray:
        """Which of these texts are near-copies of each other: shape [items, items]; each is one of itself."""
        alike: np.ndarray = cosines(self.vectors[items], self.vectors[items]) >= NEAR_COPY
        np.fill_diagonal(alike, val=True)
        return alike

    def aligned(self, texts: Sequence[str]) -> list[AlignedText]:
        """The words of any texts, weighted by how rare they are in the held-out ones."""
        assert isinstance(self.encoder, EncodesWords)
        found = self.encoder.encode_words(texts)
        return [AlignedText.of(text, words, self._rarity) for text, words in zip(texts, found, strict=True)]

    def words(self, items: Iterable[int]) -> dict[int, AlignedText]:
        """The words of the held-out texts at `items`; so many as fit into memory are kept for the next time."""
        wanted = dict.fromkeys(items)
        missing = [item for item in wanted if item not in self._words]
        found = {item: self._words[item] for item in wanted if item in self._words}
        found.update(zip(missing, self.aligned([self.texts[item] for item in missing]), strict=True))
        self._words.update(found)
        for item in found:
            self._words.move_to_end(item)
        while len(self._words) > _KEPT:
            self._words.popitem(last=False)
        return found


def groups(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
