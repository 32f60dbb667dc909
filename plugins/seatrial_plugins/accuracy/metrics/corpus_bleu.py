"""Corpus BLEU: the n-grams of all answers together that stand in a reference (Papineni et al., 2002)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from seatrial.stats.corpus import bleu_of_counts
from seatrial_plugins.accuracy.measures import BUILT_IN
from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["COUNTS", "CorpusBleu"]

COUNTS = BUILT_IN["corpus_bleu"].columns
"""What is counted of each answer, and added up over all."""


class CorpusBleu(TextMetric):
    """`sacrebleu.corpus_bleu`, 0 to 100, from counts of each answer; with `use_aggregator=False` these counts.

    An answer that says nothing has no n-grams, and its reference's length counts all the same.
    """

    description = "Corpus BLEU of answers."
    source = "Post, A Call for Clarity in Reporting BLEU Scores, 2018; the package sacrebleu"
    judges_nothing = True

    def judge(self, *, lowercase: bool = False, tokenize: str = "13a") -> Judge:
        """As sentence BLEU's options."""
        bleu = BLEU(lowercase=lowercase, tokenize=tokenize, effective_order=True)

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            found = bleu.sentence_score(said, list(expected))
            counts = (*found.counts, *found.totals, found.sys_len, found.ref_len)
            return {name: float(count) for name, count in zip(COUNTS, counts, strict=True)}

        return judged

    def _compute(
        self, predictions: Sequence[str], references: Sequence[Any], *, use_aggregator: bool = True, **options: Any
    ) -> dict[str, Any]:
        import numpy as np

        counts = super()._compute(predictions, references, use_aggregator=False, **options)
        if not use_aggregator:
            return counts
        return {"corpus_bleu": bleu_of_counts(np.asarray([sum(counts[name]) for name in COUNTS]))}
