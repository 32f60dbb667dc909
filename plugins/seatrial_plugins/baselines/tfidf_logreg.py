"""TF-IDF and logistic regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from seatrial.errors import StageError
from seatrial.rows import Row
from seatrial_plugins.baselines.labelled import labelled

__all__ = ["TfidfLogReg"]


class TfidfLogReg:
    """Words, pairs of words and pieces of words of 2 to 5 letters, with sublinear term frequencies.

    On the quickstart's data the pieces are worth .03 in accuracy: short messages share stems more often than words.
    """

    def __init__(self, *, c: float) -> None:
        self._c = c
        self._pipeline: Pipeline | None = None

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """Learn the vocabulary and the regression from rows that have a label."""
        texts, labels = labelled(rows, "tfidf-logreg", classes=2)
        # Any run of word characters is a word: sklearn's own pattern drops single letters, and with them whole
        # messages in scripts whose words are one character long.
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", dtype=np.float32)  # noqa: S106 - no password
        pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32)
        pipeline = make_pipeline(
            make_union(words, pieces), LogisticRegression(C=self._c, max_iter=3000, random_state=seed)
        )
        try:
            self._pipeline = pipeline.fit(texts, labels)
        except ValueError as error:
            raise StageError(
                f"baseline tfidf-logreg: {len(texts)} train rows hold no word ({error}); leave the baseline out"
            ) from error

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The most probable label of each row."""
        if self._pipeline is None:
            raise StageError("baseline tfidf-logreg: asked before it was fitted; call fit first")
        return [str(label) for label in self._pipeline.predict([row.input_text for row in rows])] if rows else []
