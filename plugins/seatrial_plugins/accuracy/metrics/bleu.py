"""Sentence BLEU: how many of the answer's word n-grams stand in a reference (Papineni et al., 2002)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sacrebleu.metrics.bleu import BLEU

from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["Bleu"]


class Bleu(TextMetric):
    """The mean over answers of `sacrebleu.sentence_bleu`, from 0 to 100.

    Not corpus BLEU, whose n-grams are added up over all answers before they are divided. Several references are counted
    together, as BLEU is defined; it is not the best of them.
    """

    description = "Mean sentence BLEU of answers."
    source = "Post, A Call for Clarity in Reporting BLEU Scores, 2018; the package sacrebleu"

    def judge(self, *, lowercase: bool = False, tokenize: str = "13a") -> Judge:
        """Whether case is left aside, and sacrebleu's tokenizer: `zh` and `char` split texts without spaces."""
        bleu = BLEU(lowercase=lowercase, tokenize=tokenize, effective_order=True)

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            # exp(log(100)) is a little over 100.
            return {"bleu": min(100.0, bleu.sentence_score(said, list(expected)).score)}

        return judged
