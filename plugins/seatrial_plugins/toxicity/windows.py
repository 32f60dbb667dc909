"""Long texts in overlapping pieces, so that a detector of limited capacity reads all of them."""

from __future__ import annotations

import re

__all__ = ["sentences", "windows"]

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|[\r\n]+")


def sentences(text: str) -> list[str]:
    """The sentences of a text by their full stops and line breaks, those of white space alone left out."""
    return [piece for piece in _SENTENCE.split(text) if piece.strip()]


def windows(text: str, size: int, overlap: int) -> list[str]:
    """Pieces of at most `size` characters that cover `text`, broken at white space where there is some.

    Neighbours share about `overlap` characters, so that what stands across a break is read whole by one of them.
    A text of at most `size` characters is its own and only piece.
    """
    pieces = []
    start = 0
    while len(text) - start > size:
        end = _break_before(text, start + size, floor=start + size // 2)
        pieces.append(text[start:end])
        start = _break_before(text, end - overlap, floor=start + 1)
    return [*pieces, text[start:]]


def _break_before(text: str, end: int, floor: int) -> int:
    """The last place after white space in text[floor:end], or `end` where there is none."""
    for place in range(end, floor, -1):
        if text[place - 1].isspace():
            return place
    return end
