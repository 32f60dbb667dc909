"""Notations: full-width letters, digits of every script, typographic hyphens and spaces, read as ASCII.

Character for character, so that a place in what is read is the same place in what was written. Full-width punctuation of a
Chinese or Japanese sentence stays: it parts a datum from the words round it.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["UNSPACED", "in_ascii"]

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3000-\u30ff\u3130-\u318f\u3400-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\uff00-\uffef"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese, and Hangul: the scripts, as in a pattern's class, that put no space between
a word and what is no word of theirs, such as a number or an address."""

_LETTER = "[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
_SIGN = "[\u3000\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e]"
_SPACE = "[\xa0\u2000-\u200a\u202f\u205f]"
_HYPHEN = r"(?<=[0-9A-Za-z])[\u2010\u2011](?=[0-9A-Za-z])|(?<=[0-9)])[\u2010-\u2013\u2212\ufe58\ufe63](?=[0-9(])"
# A dash stands between words, too; between digits it is a hyphen.
_OTHERWISE_WRITTEN = re.compile(
    rf"\uff0b?{_LETTER}+(?:{_SIGN}{{1,3}}{_LETTER}+)*|(?<=[0-9A-Za-z])[\uff0d\uff0e\uff20](?=[0-9A-Za-z])|(?![0-9])\d"
    rf"|{_SPACE}|{_HYPHEN}"
)
_ASCII = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | {0x3000: 0x20}
    | dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F), 0x20)
    | dict.fromkeys((*range(0x2010, 0x2014), 0x2212, 0xFE58, 0xFE63), 0x2D)
)


def in_ascii(text: str) -> str:
    """The text as recognisers read it; of the same length."""
    return text if text.isascii() else _OTHERWISE_WRITTEN.sub(_ascii, text)


def _ascii(match: re.Match[str]) -> str:
    written = match.group()
    if len(written) == 1 and written.isdecimal():
        return str(unicodedata.decimal(written))
    return written.translate(_ASCII)
