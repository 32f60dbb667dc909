"""The embedded toxicity detector: a linear head over the embedded encoder. Weak, and says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from seatrial.model import Encoder
from seatrial_plugins.toxicity.linear_head import LinearHead
from seatrial_plugins.toxicity.windows import windows

__all__ = ["MiniLMDetector"]

WINDOW = 250
"""Characters of one piece: a word piece covers at least one, so none of the encoder's 256 tokens is cut off; and near
the length of the tweets that the head was trained on, so one insult isn't averaged away by a page of courtesy."""

_LIKELY = 0.5
"""Above it a piece speaks for its text, however much of that cannot be read."""

OVERLAP = 50
"""Characters that neighbouring pieces share."""

_PIECES_AT_ONCE = 16_384
# 24 MiB of vectors: a text of any length is read in bounded memory.


class MiniLMDetector:
    """Gives one label, `toxicity`: the highest probability among a text's pieces."""

    weak = True
    name = "minilm-toxicity"
    labels = ("toxicity",)

    def __init__(self, encoder: Encoder, head: LinearHead) -> None:
        head.check_encoder(encoder)
        self._encoder = encoder
        self._head = head
        self.reads = {"minilm_head": head.digest()}

    def detect(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """One mapping a text: `toxicity` → probability. An empty text gives 0; one that the encoder cannot read, nothing."""
        highest = [0.0] * len(texts)
        pieces_of, read_of = Counter[int](), Counter[int]()
        pieces = [(index, piece) for index, text in enumerate(texts) if text.strip() for piece in _pieces(text)]
        for start in range(0, len(pieces), _PIECES_AT_ONCE):
            part = pieces[start : start + _PIECES_AT_ONCE]
            vectors = self._encoder.encode([piece for _, piece in part])
            read: list[bool] = np.any(vectors, axis=1).tolist()
            probabilities: list[float] = self._head.probability(vectors).tolist()
            for (index, _), is_read, probability in zip(part, read, probabilities, strict=True):
                pieces_of[index] += 1
                if is_read:
                    read_of[index] += 1
                    highest[index] = max(highest[index], probability)
        # Of what is not read, a zero vector, the head says what its bias is: that would be called harmless.
        return [
            {"toxicity": probability} if 2 * read_of[index] >= pieces_of[index] or probability > _LIKELY else {}
            for index, probability in enumerate(highest)
        ]


def _pieces(text: str) -> list[str]:
    return [piece for piece in windows(text, WINDOW, OVERLAP) if piece.strip()]
