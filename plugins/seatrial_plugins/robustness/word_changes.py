"""Which words differ between a message and its attacked form, and where they stand in both."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.data.normalise import PIECE, word_share

__all__ = ["WordChange", "changed_words", "words"]

_WORD = re.compile(r"\w+(?:['’\-*@]+\w+)*")
# It may hold apostrophes, hyphens and the like inside.

Words = Sequence[re.Match[str]]


@dataclass(frozen=True, slots=True)
class WordChange:
    """One stretch of the original, in characters `[start, end)`, and the stretch that stands for it now."""

    start: int
    end: int
    attacked_start: int
    attacked_end: int
    words: int
    """How many of the original's words it covers."""


def words(text: str) -> Words:
    """The words of a text, each a match with its place; of scripts written without spaces each character, with its marks, is one."""
    found: list[re.Match[str]] = []
    for piece in PIECE.finditer(text):
        found += [piece] if word_share(piece.group()) < 1 else _WORD.finditer(text, *piece.span())
    return found


def changed_words(original: str, attacked: str) -> list[WordChange]:
    """The words that were changed, in order.

    Words are compared one by one where both texts have as many, as attacks on characters leave them; else they are
    aligned (difflib), and neighbouring changes become one stretch.
    """
    before, after = words(original), words(attacked)
    if len(before) == len(after):
        steps = [(i, i + 1, i, i + 1) for i in range(len(before)) if before[i].group() != after[i].group()]
    else:
        matcher = difflib.SequenceMatcher(
            None, [word.group() for word in before], [word.group() for word in after], autojunk=False
        )
        steps = [step[1:] for step in matcher.get_opcodes() if step[0] != "equal"]
    return [
        WordChange(*_stretch(before, first, last, original), *_stretch(after, start, stop, attacked), last - first)
        for first, last, start, stop in steps
    ]


def _stretch(found: Words, first: int, last: int, text: str) -> tuple[int, int]:
    """The characters from one word to another; an empty stretch stands where its word would."""
    if first < last:
        return found[first].start(), found[last - 1].end()
    place = found[first].start() if first < len(found) else len(text)
    return place, place
