"""The embedded toxicity detector: a linear head over the embedded encoder. Weak, and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.model import Encoder
from seatrial_plugins.toxicity.linear_head import LinearHead
from seatrial_plugins.toxicity.windows import windows

__all__ = ["MiniLMDetector"]

WINDOW = 250
"""Characters of one piece: a word piece covers at least one, so none of the encoder's 256 tokens is cut off; and near
the length of the tweets that the head was trained on, so one insult isn't averaged away by a page of courtesy."""

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
        """One mapping a text: `toxicity` → probability. An empty text gives 0."""
        highest = [0.0] * len(texts)
        pieces = [(index, piece) for index, text in enumerate(texts) if text.strip() for piece in _pieces(text)]
        for start in range(0, len(pieces), _PIECES_AT_ONCE):
            part = pieces[start : start + _PIECES_AT_ONCE]
            vectors = self._encoder.encode([piece for _, piece in part])
            for (index, _), probability in zip(part, self._head.probability(vectors).tolist(), strict=True):
                highest[index] = max(highest[index], probability)
        return [{"toxicity": probability} for probability in highest]


def _pieces(text: str) -> list[str]:
    return [piece for piece in windows(text, WINDOW, OVERLAP) if piece.strip()]
