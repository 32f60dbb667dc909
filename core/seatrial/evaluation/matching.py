"""Matching: when an answer in free words is the expected one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from unicodedata import normalize

__all__ = ["Match", "has_number", "is_right", "says"]

Match = Literal["contains", "exact", "number"]
"""When an answer is right.

contains    it says the words of a reference, whatever their case and punctuation
exact       it is a reference, white space at the ends aside
number      its last number is the last of a reference
"""

_NO_WORD = re.compile(r"[^\w$€£%]+")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def says(text: str, phrase: str) -> bool:
    """Whether the words of a phrase stand in a text, one after the other; a phrase of no words stands in none."""
    wanted = _words(phrase)
    return bool(wanted.strip()) and wanted in _words(text)


def _words(text: str) -> str:
    return f" {_NO_WORD.sub(' ', normalize('NFKC', text).casefold()).strip()} "


def is_right(answer: str, references: Sequence[str], match: Match) -> bool:
    """Whether an answer is one of the references."""
    if match == "exact":
        return answer.strip() in [one.strip() for one in references]
    if match == "number":
        last = _last(answer)
        return last is not None and last in [_last(one) for one in references]
    return any(says(answer, one) for one in references)


def has_number(text: str) -> bool:
    """Whether there is a number in the text."""
    return _last(text) is not None


def _last(text: str) -> float | None:
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None
