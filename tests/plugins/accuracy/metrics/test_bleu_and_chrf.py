"""Sentence BLEU and chrF against sacrebleu."""

from __future__ import annotations

import pytest
import sacrebleu
from sacrebleu.metrics.chrf import CHRF

from seatrial_plugins.accuracy.metrics import Bleu, ChrF


def columns(metric, pairs, **options):
    return metric.compute(
        predictions=[said for said, _ in pairs],
        references=[references for _, references in pairs],
        use_aggregator=False,
        **options,
    )


def test_bleu_agrees_with_sacrebleu(pairs):
    found = columns(Bleu(), pairs)["bleu"]
    for place, (said, references) in enumerate(pairs):
        assert found[place] == pytest.approx(sacrebleu.sentence_bleu(said, references).score, abs=1e-6)
    assert max(found) <= 100.0
    assert len(set(found)) > 500


def test_chrf_agrees_with_sacrebleu(pairs):
    found = columns(ChrF(), pairs)["chrf"]
    for place, (said, references) in enumerate(pairs):
        assert found[place] == pytest.approx(sacrebleu.sentence_chrf(said, references).score, abs=1e-6)
    assert max(found) <= 100.0


def test_options_reach_sacrebleu(pairs):
    lower, plus = columns(Bleu(), pairs, lowercase=True)["bleu"], columns(ChrF(), pairs, word_order=2)["chrf"]
    chrf = CHRF(word_order=2)
    for place, (said, references) in enumerate(pairs[:300]):
        expected = sacrebleu.sentence_bleu(said, references, lowercase=True).score
        assert lower[place] == pytest.approx(expected, abs=1e-6)
        assert plus[place] == pytest.approx(chrf.sentence_score(said, references).score, abs=1e-6)
    assert Bleu().compute(predictions=["我们明天去"], references=["我们明天走"])["bleu"] == 0.0
    assert Bleu().compute(predictions=["我们明天去"], references=["我们明天走"], tokenize="zh")["bleu"] > 50


def test_the_same_text_is_100_and_an_empty_one_0():
    for metric, name in ((Bleu(), "bleu"), (ChrF(), "chrf")):
        found = metric.compute(predictions=["the red ship sailed at dawn", ""], references=["the red ship sailed at dawn", "x"],
                               use_aggregator=False)  # fmt: skip
        assert found[name] == [pytest.approx(100.0), 0.0]
        assert found[name][0] <= 100.0
