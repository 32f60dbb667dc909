"""Notations: full-width letters, digits of every script and the signs between them, read as ASCII.

Character for character, so that a place in what is read is the same place in what was written. Full-width punctuation of a
Chinese or Japanese sentence stays: it parts a datum from the words round it.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["in_ascii"]

_LETTER = "[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
_SIGN = "[\u3000\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e]"
_OTHERWISE_WRITTEN = re.compile(
    rf"\uff0b?{_LETTER}+(?:{_SIGN}{{1,3}}{_LETTER}+)*|(?<=[0-9A-Za-z])[\uff0d\uff0e\uff20](?=[0-9A-Za-z])|(?![0-9])\d"
)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def in_ascii(text: str) -> str:
    """The text as recognisers read it; of the same length."""
    return text if text.isascii() else _OTHERWISE_WRITTEN.sub(_ascii, text)


def _ascii(match: re.Match[str]) -> str:
    written = match.group()
    if len(written) == 1 and written.isdecimal():
        return str(unicodedata.decimal(written))
    return written.translate(_FULL_WIDTH)
