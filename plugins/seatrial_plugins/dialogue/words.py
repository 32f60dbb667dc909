"""Words: whether a text says something, whatever its case and punctuation."""

from __future__ import annotations

import re
from unicodedata import normalize

__all__ = ["says"]

_NO_WORD = re.compile(r"[^\w$€£%]+")


def says(text: str, phrase: str) -> bool:
    """Whether the words of a phrase stand in a text, one after the other; a phrase of no words stands in none."""
    wanted = _words(phrase)
    return bool(wanted.strip()) and wanted in _words(text)


def _words(text: str) -> str:
    return f" {_NO_WORD.sub(' ', normalize('NFKC', text).casefold()).strip()} "
