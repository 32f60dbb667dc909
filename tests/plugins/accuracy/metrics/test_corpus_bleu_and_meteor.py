"""Corpus BLEU against sacrebleu, METEOR against nltk."""

import nltk
import pytest
import sacrebleu
from nltk.translate.meteor_score import single_meteor_score

from seatrial.errors import SourceError
from seatrial_plugins.accuracy.metrics import CorpusBleu, Meteor


def test_corpus_bleu_is_sacrebleus_and_no_mean_of_sentences(pairs):
    one = [(said, references[:1]) for said, references in pairs[:500]]
    one.append(("", ["what was expected counts for length"]))
    said, references = [said for said, _ in one], [references for _, references in one]
    found = CorpusBleu().compute(predictions=said, references=references)["corpus_bleu"]
    assert found == pytest.approx(sacrebleu.corpus_bleu(said, [[first for (first,) in references]]).score, abs=1e-9)
    counts = CorpusBleu().compute(predictions=said, references=references, use_aggregator=False)
    assert (counts["bleu_said"][-1], counts["bleu_expected"][-1]) == (0.0, 6.0)


def test_meteor_without_synonyms_is_nltks_with_an_empty_wordnet(pairs):
    class Empty:
        def synsets(self, _):
            return []

    words = nltk.word_tokenize
    found = Meteor().compute(
        predictions=[said for said, _ in pairs[:150]],
        references=[references for _, references in pairs[:150]],
        use_aggregator=False,
        synonyms=False,
    )["meteor"]
    for value, (said, references) in zip(found, pairs[:150], strict=True):
        each = [
            single_meteor_score(words(one, preserve_line=True), words(said, preserve_line=True), wordnet=Empty())
            for one in references
        ]
        assert value == pytest.approx(max(each) if said else 0.0, abs=1e-9)
    assert len(set(found)) > 50


def test_meteor_says_which_data_are_missing(monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(SourceError, match=r"wordnet and punkt_tab.*synonyms: false"):
        Meteor().judge()
