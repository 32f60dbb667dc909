"""Text out of data, made safe to look at: what a terminal or a browser would obey becomes visible instead."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["legible", "one_line", "without_escapes"]

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*(?:\x1b\\)|[@-Z\\-_])"
)
"""Escape sequences of ECMA-48: CSI, OSC (window titles, links), other strings, two-character ones."""

# ZERO WIDTH (NON-)JOINER shape emoji and several scripts; signs that enclose digits are format characters, yet seen.
_SEEN = frozenset("\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\ufffe\uffff")
"""Letters that look like nothing at all, and non-characters that XML forbids."""


def _misleads(character: str) -> bool:
    """Whether a character acts on the text around it, or hides, instead of being seen.

    Control characters (Cc), format characters (Cf: bidirectional overrides, zero-width space, tag characters), line
    and paragraph separators (Zl, Zp) and lone surrogates (Cs).
    """
    if character in "\n\t" or character in _SEEN:
        return False
    return character in _UNSEEN or unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"}


def legible(text: str) -> str:
    """The text with every character that would mislead written as `‹U+202E›`; newlines and tabs stay.

    Nothing is hidden: an escape sequence shows as what it is made of. The result can always be encoded as UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"‹U+{ord(c):04X}›" if _misleads(c) else c for c in text.replace("\r\n", "\n"))


def one_line(text: str, limit: int | None = None) -> str:
    """`legible` text on one line, white space collapsed; cut at `limit` characters with `…` where one is given."""
    line = " ".join(legible(text).split())
    return line if limit is None or len(line) <= limit else f"{line[: max(limit - 1, 0)]}…"


def without_escapes(text: str) -> str:
    """The text with the escape sequences of terminals taken out: colours, cursor moves, titles, links."""
    return _ESCAPES.sub("", text)
