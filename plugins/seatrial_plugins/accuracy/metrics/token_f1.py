"""Token F1: how many words do answer and expectation share?"""

from __future__ import annotations

from collections import Counter

from seatrial_plugins.accuracy.metrics.answer_text import normalise_answer
from seatrial_plugins.accuracy.metrics.text_metric import TextMetric

__all__ = ["TokenF1"]


class TokenF1(TextMetric):
    """The mean over answers of the F1 of their words, as a bag, against the expected words."""

    key = "token_f1"
    description = "Mean F1 over the words shared by answer and reference after SQuAD's normalisation."

    @staticmethod
    def item(prediction: str, reference: str) -> float:
        """2·shared / (words said + words expected); where either is empty, 1 if both are, else 0."""
        said, expected = normalise_answer(prediction).split(), normalise_answer(reference).split()
        if not said or not expected:
            return float(said == expected)
        shared = sum((Counter(said) & Counter(expected)).values())
        return 2 * shared / (len(said) + len(expected))
