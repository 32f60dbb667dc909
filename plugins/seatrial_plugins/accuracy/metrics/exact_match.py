"""Exact match: is the answer the expected one?"""

from __future__ import annotations

from seatrial_plugins.accuracy.metrics.answer_text import normalise_answer
from seatrial_plugins.accuracy.metrics.text_metric import TextMetric

__all__ = ["ExactMatch"]


class ExactMatch(TextMetric):
    """The share of answers that equal the expected one once both are normalised."""

    key = "exact_match"
    description = "Share of answers equal to the reference after SQuAD's normalisation."

    @staticmethod
    def item(prediction: str, reference: str) -> float:
        """1 if both say the same, else 0."""
        return float(normalise_answer(prediction) == normalise_answer(reference))
