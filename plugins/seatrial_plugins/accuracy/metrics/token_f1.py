"""Token F1: how many words do answer and reference share?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial_plugins.accuracy.metrics.squad import overlap
from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric
from seatrial_plugins.accuracy.metrics.tokens import answer_tokens

__all__ = ["TokenF1"]


class TokenF1(TextMetric):
    """SQuAD's F1 over tokens that keep what carries meaning, in any script (`answer_tokens`).

    The same number as `squad_f1` where punctuation only stands at the ends of words.
    """

    description = "Mean F1 over the tokens shared by answer and reference."
    source = "After Rajpurkar et al., SQuAD: 100,000+ Questions for Machine Comprehension of Text, 2016"

    def judge(self) -> Judge:
        """By `answer_tokens`."""

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            answer = answer_tokens(said)
            return {"token_f1": max(overlap(answer, answer_tokens(one)) for one in expected)}

        return judged
