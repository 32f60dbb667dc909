"""chrF: how many character n-grams do answer and reference share (Popović, 2015)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sacrebleu.metrics.chrf import CHRF

from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["ChrF"]


class ChrF(TextMetric):
    """The mean over answers of `sacrebleu.sentence_chrf`, from 0 to 100; with several references the best."""

    description = "Mean sentence chrF of answers."
    source = "Popović, chrF: character n-gram F-score for automatic MT evaluation, 2015; the package sacrebleu"

    def judge(self, *, word_order: int = 0, lowercase: bool = False) -> Judge:
        """The longest word n-grams counted beside characters' (2 is chrF++), and whether case is left aside."""
        chrf = CHRF(word_order=word_order, lowercase=lowercase)

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            return {"chrf": min(100.0, chrf.sentence_score(said, list(expected)).score)}

        return judged
