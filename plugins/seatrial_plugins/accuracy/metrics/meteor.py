"""METEOR: words of the answer aligned with the reference's, by form, stem and synonym (Banerjee and Lavie, 2005)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nltk.tokenize import word_tokenize
from nltk.translate.meteor_score import single_meteor_score

from seatrial.errors import SourceError
from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["Meteor"]


class Meteor(TextMetric):
    """The mean over answers of nltk's `single_meteor_score`, 0 to 1, with several references the best, as `evaluate`'s meteor.

    That number needs two things that nltk does not bring, WordNet and the sentence splitter punkt_tab, and they are not fetched.
    Without synonyms neither is needed: words are aligned by form and by Porter's stem, and a text is one sentence.
    """

    description = "Mean METEOR of answers."
    source = "Banerjee and Lavie, METEOR: An Automatic Metric for MT Evaluation, 2005; the package nltk"

    def judge(self, *, synonyms: bool = True) -> Judge:
        """Whether words that share a synset of WordNet are aligned.

        Raises:
            SourceError: nltk's data are not on this machine.
        """
        wordnet = _wordnet() if synonyms else _NoSynonyms()

        def words(text: str) -> list[str]:
            return word_tokenize(text, preserve_line=not synonyms)

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            answer = words(said)
            return {"meteor": float(max(single_meteor_score(words(one), answer, wordnet=wordnet) for one in expected))}

        return judged


class _NoSynonyms:
    """A WordNet that holds no word."""

    def synsets(self, word: str) -> list[Any]:
        del word
        return []


def _wordnet() -> Any:
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
        word_tokenize("")
    except LookupError as error:
        raise SourceError(
            "generation: meteor needs nltk's data wordnet and punkt_tab, which are not on this machine: python -m "
            "nltk.downloader wordnet punkt_tab; or leave synonyms aside, which is another number: `meteor: {synonyms: false}`"
        ) from error
    return wordnet
