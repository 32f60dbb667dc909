"""Sentence vectors and logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sklearn.linear_model import LogisticRegression

from seatrial.errors import StageError
from seatrial.model import Encoder
from seatrial.rows import Row
from seatrial_plugins.baselines.labelled import labelled

if TYPE_CHECKING:
    import numpy as np

__all__ = ["EncoderLogReg"]


class EncoderLogReg:
    """A linear classifier over the vectors of an encoder that was not trained on the rows."""

    def __init__(self, encoder: Encoder, *, c: float) -> None:
        self._encoder = encoder
        self._c = c
        self._classifier: LogisticRegression | None = None
        self.unread = 0
        """How many of the last texts the encoder could not read (`seatrial.model.TellsUnread`)."""

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """Encode rows that have a label, and learn the regression."""
        texts, labels = labelled(rows, "encoder-logreg", classes=2)
        classifier = LogisticRegression(C=self._c, max_iter=3000, random_state=seed)
        self._classifier = classifier.fit(self._encoded(texts), labels)

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The most probable label of each row."""
        if self._classifier is None:
            raise StageError("baseline encoder-logreg: asked before it was fitted; call fit first")
        self.unread = 0
        if not rows:
            return []
        return [str(label) for label in self._classifier.predict(self._encoded([row.input_text for row in rows]))]

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        vectors = self._encoder.encode(texts)
        self.unread = int((~vectors.any(axis=1)).sum())
        return vectors
