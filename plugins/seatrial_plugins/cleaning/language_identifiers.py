"""Language identifiers: py3langid and lingua, each giving probabilities of the same codes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from seatrial.rows.storable import storable

if TYPE_CHECKING:
    from lingua import LanguageDetector
    from py3langid.langid import LanguageIdentifier

__all__ = ["NO_LANGUAGE", "Identify", "by_lingua", "by_py3langid", "canonical", "lingua_codes", "py3langid_codes"]

Identify = Callable[[Sequence[str]], list[Mapping[str, float]]]
"""Texts → for each of them, the probability of each language."""

NO_LANGUAGE = "zxx"
"""ISO 639-2's code for "no linguistic content", which py3langid gives."""

_CONTAINING = {
    "nb": "no",
    "nn": "no",
    "yue": "zh",
    "wuu": "zh",
    "ary": "ar",
    "arz": "ar",
    "gug": "gn",
    "sdh": "ku",
    "uzs": "uz",
}
"""Languages that one identifier tells apart and the other doesn't → the macrolanguage of ISO 639-3 that contains them."""


def canonical(code: str) -> str:
    """The code under which both identifiers know a language."""
    lower = code.strip().lower()
    return _CONTAINING.get(lower, lower)


def by_py3langid(texts: Sequence[str]) -> list[Mapping[str, float]]:
    """py3langid's probabilities (naive Bayes over byte n-grams, 140 languages; 5 MB of weights in its wheel)."""
    return [_folded(_py3langid().rank(text)) for text in texts]


def by_lingua(texts: Sequence[str]) -> list[Mapping[str, float]]:
    """Lingua's probabilities (n-gram models with rules, 75 languages), on all cores; zeros where it sees no letter.

    Its models lie in its wheel and are loaded at the first call: some 10 s of one core, 1 GB of memory.
    """
    # A lone surrogate cannot be encoded as UTF-8, which lingua does.
    answers = _lingua().compute_language_confidence_values_in_parallel([storable(text) for text in texts])
    return [_folded((value.language.iso_code_639_1.name, value.value) for value in values) for values in answers]


def py3langid_codes() -> frozenset[str]:
    """The languages that py3langid knows."""
    return frozenset(map(canonical, _py3langid().labels)) - {NO_LANGUAGE}


def lingua_codes() -> frozenset[str]:
    """The languages that lingua knows."""
    from lingua import Language

    return frozenset(canonical(language.iso_code_639_1.name) for language in Language.all())


def _folded(ranked: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    folded: defaultdict[str, float] = defaultdict(float)
    for code, probability in ranked:
        folded[canonical(code)] += probability
    return folded


@cache
def _py3langid() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def _lingua() -> LanguageDetector:
    # Not its low-accuracy mode (70 MB): measured on short texts, that one is worse than py3langid alone.
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().build()
