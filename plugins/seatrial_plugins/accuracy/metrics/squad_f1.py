"""SQuAD's F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial_plugins.accuracy.metrics.squad import overlap, squad_text
from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["SquadF1"]


class SquadF1(TextMetric):
    """The mean over answers of the F1 of their words, as SQuAD reads them, against the reference that suits best."""

    description = "Mean F1 over the words shared by answer and reference after SQuAD's normalisation."
    source = "Rajpurkar et al., SQuAD: 100,000+ Questions for Machine Comprehension of Text, 2016"

    def judge(self) -> Judge:
        """By the words of `squad_text`."""

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            answer = squad_text(said).split()
            return {"squad_f1": max(overlap(answer, squad_text(one).split()) for one in expected)}

        return judged
