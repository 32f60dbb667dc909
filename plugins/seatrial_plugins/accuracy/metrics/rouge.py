"""ROUGE-1, ROUGE-2 and ROUGE-L: how much of the reference's wording does the answer have (Lin, 2004)?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import regex
from rouge_score import tokenize

from seatrial_plugins.accuracy.metrics.squad import overlap
from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric
from seatrial_plugins.accuracy.metrics.tokens import tokens

__all__ = ["ROUGE_TYPES", "Rouge", "common_subsequence"]

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL")

_NOT_LATIN = regex.compile(r"[[\p{L}--\p{Latin}--\p{Common}][\p{Nd}--[0-9]]]", regex.VERSION1)


class Rouge(TextMetric):
    """The F-measures of the package `rouge_score`, with several references the best, as its `score_multi` gives.

    Tokens are the package's; what is counted from them is counted here. Its table of longest common subsequences takes
    some 200 ms for two texts of 500 words, the bits below 0.4 ms. The package reads the letters a to z and digits alone: a pair
    with letters of other scripts, which it would judge by what little it reads, is judged by `tokens`.
    """

    description = "Mean ROUGE F-measure of answers."
    source = "Lin, ROUGE: A Package for Automatic Evaluation of Summaries, 2004; the package rouge_score"

    def judge(self, *, rouge_types: Sequence[str] = ROUGE_TYPES, use_stemmer: bool = False) -> Judge:
        """Which of `rouge1`, `rouge2`, `rougeL`, and whether words are reduced to their stems by Porter's rules.

        Raises:
            ValueError: a type is none of these.
        """
        if unknown := sorted(set(rouge_types) - set(ROUGE_TYPES)):
            raise ValueError(f"rouge: {unknown[0]!r} is not among {', '.join(ROUGE_TYPES)}")
        latin = _latin_tokens(use_stemmer=use_stemmer)

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            best = dict.fromkeys(rouge_types, 0.0)
            for one in expected:
                read = tokens if _loses(said) or _loses(one) else latin
                answer, reference = read(said), read(one)
                for name in rouge_types:
                    best[name] = max(best[name], _f_measure(name, answer, reference))
            return best

        return judged


def _loses(text: str) -> bool:
    """Whether the package would leave out a letter or a digit of another script."""
    return not text.isascii() and _NOT_LATIN.search(text) is not None


def _latin_tokens(*, use_stemmer: bool) -> Callable[[str], list[str]]:
    stemmer = None
    if use_stemmer:
        from nltk.stem import porter

        stemmer = porter.PorterStemmer()
    return lambda text: tokenize.tokenize(text, stemmer)


def _f_measure(name: str, said: Sequence[str], expected: Sequence[str]) -> float:
    if name == "rougeL":
        length = len(said) + len(expected)
        return 2 * common_subsequence(said, expected) / length if said and expected else 0.0
    size = int(name.removeprefix("rouge"))
    return overlap(_ngrams(said, size), _ngrams(expected, size))


def _ngrams(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(size)), strict=False))


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """The length of the longest common subsequence, a row of the table in one integer (Hyyrö, 2004)."""
    places: Counter[str] = Counter()
    for place, word in enumerate(left):
        places[word] |= 1 << place
    full = (1 << len(left)) - 1
    row = full
    for word in right:
        matched = row & places[word]
        row = ((row + matched) | (row - matched)) & full
    return len(left) - row.bit_count()
