"""SQuAD's exact match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial_plugins.accuracy.metrics.squad import squad_text
from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["SquadExactMatch"]


class SquadExactMatch(TextMetric):
    """The share of answers that equal a reference once case, punctuation and articles are left aside."""

    description = "Share of answers equal to a reference after SQuAD's normalisation."
    source = "Rajpurkar et al., SQuAD: 100,000+ Questions for Machine Comprehension of Text, 2016"

    def judge(self) -> Judge:
        """By `squad_text`."""

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            answer = squad_text(said)
            return {"squad_exact_match": float(any(answer == squad_text(one) for one in expected))}

        return judged
