"""Languages: which one a text is in, as far as py3langid is sure of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from seatrial.data.prose import prose, sample

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["LANGUAGE_PACKAGE", "languages"]

LANGUAGE_PACKAGE = "py3langid"

UNSURE = "unsure"
NO_LANGUAGE = "none"

_NO_CONTENT = "zxx"
"""ISO 639-2's code for "no linguistic content", which py3langid gives."""

_SURE = 0.9
"""The default threshold of the filter `language`: below it, py3langid is wrong about one short text in ten."""

_READ = 2_000
"""Characters of a text whose language is asked for."""

_CONTAINING = {"nb": "no", "nn": "no", "yue": "zh", "wuu": "zh", "ary": "ar", "arz": "ar", "sdh": "ku", "uzs": "uz"}
"""Varieties that py3langid tells apart → the macrolanguage of ISO 639-3 that contains them: of one, both are unsure."""


def languages(texts: Sequence[str]) -> list[str]:
    """The ISO 639-1 code of each text's language, `unsure` where another may be likelier, `none` where there are no words."""
    return [_language(sample(prose(text), _READ)) for text in texts]


def _language(text: str) -> str:
    said: defaultdict[str, float] = defaultdict(float)
    for code, probability in _identifier().rank(text):
        said[_CONTAINING.get(code, code)] += probability
    best, probability = max(said.items(), key=lambda item: (item[1], item[0]))
    if best == _NO_CONTENT or not any(map(str.isalpha, text)):
        return NO_LANGUAGE
    return best if probability >= _SURE else UNSURE


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
