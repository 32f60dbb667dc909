"""Prose: what is said in a text, as far as a language can be told from it."""

from __future__ import annotations

import re

__all__ = ["prose", "sample"]

# A fence that is not closed runs to the end, so that no text is looked through twice.
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def prose(text: str) -> str:
    """The text without code between backticks, addresses and white space beyond one blank."""
    said = _CODE.sub(" ", text).split()
    return " ".join(word for word in said if "@" not in word and "://" not in word and not word.startswith("www."))


def sample(text: str, characters: int) -> str:
    """At most so many characters, a third each from the beginning, the middle and the end, with blanks between them."""
    if len(text) <= characters:
        return text
    third = max(1, characters // 3)
    middle = (len(text) - third) // 2
    return f"{text[:third]} {text[middle : middle + third]} {text[-third:]}"
