"""Platypus's rule: a train row whose embedding has a cosine of 0.8 or more with a held-out text's (arXiv 2308.07317, 2.3).

The paper embeds with a SentenceTransformer and names no more than its 80%; its code takes all-MiniLM-L6-v2, which is the
default encoder here. A copy is found, a paraphrase mostly, and so are questions that are merely alike: the paper looks at
those by hand. A text of which the encoder reads only the beginning is compared by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from seatrial.data.cosines import DIGITS, SLACK, pairwise_cosines
from seatrial.model import Encoder
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.texts import Side, compared_text

__all__ = ["Platypus"]

COSINE = 0.8

_BLOCK = 1 << 24
"""Cosines that are held at a time, …"""

_PAIRS = 1 << 16
"""… and near pairs whose vectors are."""


class Platypus(RowByRow):
    """Embeds both sides, and compares each train row with every held-out text."""

    name = "platypus"

    def __init__(self, held_out: HeldOut, encoder: Encoder, on: Side) -> None:
        super().__init__(on)
        self._encoder = encoder
        alike: dict[tuple[int, str], list[int]] = {}
        for row, group in enumerate(held_out.groups.tolist()):
            alike.setdefault((group, compared_text(held_out.rows[row], on)), []).append(row)
        self._rows = tuple(map(tuple, alike.values()))
        self._alike = {rows[0]: rows for rows in self._rows}
        self._vectors = encoder.encode([text for _, text in alike])

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out texts near enough to a row; texts without anything to see are near to nothing."""
        vectors = batch.vectors(self._encoder, self.on)
        step = max(1, _BLOCK // max(1, len(self._vectors)))
        for begin in range(0, len(vectors) if len(self._vectors) else 0, step):
            near = np.argwhere(vectors[begin : begin + step] @ self._vectors.T >= COSINE - SLACK)
            for start in range(0, len(near), _PAIRS):
                rows, texts = near[start : start + _PAIRS].T
                rows = rows + begin
                found = np.round(pairwise_cosines(vectors[rows], self._vectors[texts]), DIGITS)
                for row, text, cosine in zip(rows.tolist(), texts.tolist(), found.tolist(), strict=True):
                    if cosine >= COSINE:
                        yield Overlap(row, self._rows[text][0], min(1.0, cosine))

    def looked_for(self) -> Iterable[int]:
        """The texts that the encoder sees anything in."""
        return (rows[0] for rows, vector in zip(self._rows, self._vectors, strict=True) if vector.any())

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same text."""
        return self._alike[item]

    def says(self, found: Found) -> str:
        """The cosine."""
        return f"its embedding and the row's have a cosine of {found.score:.2f}"
