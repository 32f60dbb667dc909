"""Matching: when an answer in free words is the expected one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from seatrial.data.normalise import spell
from seatrial.evaluation.numerals import last_number
from seatrial.rows.expected import References
from seatrial.rows.row import Row

__all__ = ["Match", "has_words", "is_right", "references_of", "says", "unjudged"]

Match = Literal["contains", "exact", "number"]
"""When an answer is right.

contains    it says the words of a reference, whatever their case and punctuation
exact       it is a reference, white space at the ends aside
number      its last number is the last of a reference
"""

_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
_QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)
_MINUS = re.compile(r"−|(?<![^\W\d])–(?=[.\d])")
_EMPHASIS = re.compile(r"(?<!\d)\*+|\*+(?!\d)")
_APART = re.compile(r"(?<!\d)/|/(?!\d)|[=`|~\\]|(?<![^\W\d_])#+|[-=]+>")
_POINT = re.compile(r"(?<![\w.])\.(?=\d)")
_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2}(?:,\d{3})+)(?![\d,])")
_COMPARED = re.compile(r"([<>≤≥≠]=?)\s*([-+]?[$€£]?\d)?")
_COMPARISONS = {"!=": "≠", "<=": "≤", ">=": "≥"}


def says(text: str, phrase: str) -> bool:
    """Whether the words of a phrase stand in a text, one after the other; a phrase of no words stands in none.

    Words are those of `seatrial.data.normalise`: a number has its sign, its point and what it is compared by (`5` is not in
    `-5`, `0.5`, `10:5` or `< 5`), C is not C++, and a character of a script without spaces is a word. Thousands' commas, tags,
    and the signs of emphasis and tables say nothing.
    """
    wanted = _words(phrase)
    return bool(wanted.strip()) and wanted in _words(text)


def has_words(phrase: str) -> bool:
    """Whether a text could say the phrase: it has a word, a number or a symbol that is more than punctuation."""
    return bool(_words(phrase).strip())


def _words(text: str) -> str:
    for written, sign in _COMPARISONS.items():
        text = text.replace(written, sign)
    text = _MINUS.sub("-", _QUOTED.sub(" ", _TAG.sub(" ", text)))
    text = _POINT.sub("0.", _APART.sub(" ", _EMPHASIS.sub("", text)))
    text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    text = _COMPARED.sub(lambda match: f" {match.group(1)}{match.group(2) or ' '}", text)
    return f" {' '.join(spell(_with_symbols_apart(text)))} "


def _with_symbols_apart(text: str) -> str:
    """Emoji and the like are words of their own, whatever they stand beside."""
    if text.isascii():
        return text
    return "".join(f" {one} " if unicodedata.category(one) == "So" else one for one in text)


def is_right(answer: str, references: Sequence[str], match: Match) -> bool:
    """Whether an answer is one of the references; an empty one never is."""
    if match == "exact":
        return bool(answer.strip()) and answer.strip() in [one.strip() for one in references]
    if match == "number":
        last = last_number(answer)
        return last is not None and last in [last_number(one) for one in references]
    return any(says(answer, one) for one in references)


def references_of(row: Row) -> tuple[str, ...]:
    """The answers that a row expects, any of which is right."""
    answers = row.expected.answers if isinstance(row.expected, References) else (row.target or "",)
    return tuple(one.strip() for one in answers if one.strip())


def unjudged(row: Row, match: Match) -> str:
    """Why no answer to a row could be right; "" where one could."""
    if not (references := references_of(row)):
        return "the row has no expected answer"
    if match == "number" and all(last_number(one) is None for one in references):
        return "the expected answer has no number that can be read (`match: number`)"
    if match == "contains" and not any(map(has_words, references)):
        return "the expected answer has no word to look for (`match: contains`)"
    return ""
