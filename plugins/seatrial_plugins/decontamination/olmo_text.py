"""The text that OLMo's decon compares: lower case, punctuation as spaces, and where its characters come from."""

from __future__ import annotations

import re
from itertools import chain

__all__ = ["cleaned", "origins"]

_PUNCTUATION = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”‘’—", " "))


def cleaned(text: str) -> str:
    """Words between single spaces, and a space before the first: most words of a row follow a space, and tokens know it."""
    return " " + " ".join(text.lower().translate(_PUNCTUATION).split())


def origins(text: str) -> list[int]:
    """The place in `text` of each character of `cleaned(text)`; a space has that of the word behind it."""
    lowered = list(chain.from_iterable([place] * len(character.lower()) for place, character in enumerate(text)))
    found: list[int] = []
    for word in re.finditer(r"\S+", text.lower().translate(_PUNCTUATION)):
        found += [lowered[word.start()], *lowered[word.start() : word.end()]]
    return found or [0]
