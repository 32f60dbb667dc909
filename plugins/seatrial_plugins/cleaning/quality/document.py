"""A document as the quality rules see it: its words, lines and paragraphs, found once for all rules.

Words are stretches between white space, with their punctuation, as in Dolma's version of the rules; the papers do not say.
Lines end at line feeds; blank ones are left out. Paragraphs are runs of lines with no blank line between.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

__all__ = ["Document", "Fault", "Line", "copies", "covered", "has_end_mark", "share"]

_WORD = re.compile(r"\S+")
# Scripts written without spaces between words: Han, Kana, Thai, Lao, Tibetan, Myanmar, Khmer.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_END_MARKS = (*".?!。！？｡．؟۔।॥։።។။", *"\"'”’»」』")
"""Full stops, question and exclamation marks of any script, and closing quotation marks, the straight ones included."""


class Line(NamedTuple):
    """A line that is not blank."""

    start: int
    """Its first character's place in the document."""
    text: str
    """Without the line feed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a document breaks."""

    rule: str
    score: float
    """The measure that the rule's threshold is about."""
    detail: str
    stretches: Sequence[tuple[int, int]] = ()
    """Where, as start and end of stretches of the document."""


class Document:
    """A text, and its parts."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> Sequence[str]:
        """Stretches between white space."""
        return self.text.split()

    @cached_property
    def longest_word(self) -> int:
        """Its characters; 0 where there is no word."""
        return max(map(len, self.words), default=0)

    @cached_property
    def places(self) -> tuple[array[int], array[int]]:
        """Where each word starts, and where it ends, as 64-bit integers."""
        starts, ends = array("q"), array("q")
        for match in _WORD.finditer(self.text):
            starts.append(match.start())
            ends.append(match.end())
        return starts, ends

    @cached_property
    def lines(self) -> Sequence[Line]:
        """The lines that are not blank."""
        return [line for paragraph in self._paragraphs for line in paragraph]

    @cached_property
    def paragraphs(self) -> Sequence[Line]:
        """Each with its first character's place, and its text."""
        return [
            Line(lines[0].start, self.text[lines[0].start : lines[-1].start + len(lines[-1].text)])
            for lines in self._paragraphs
        ]

    @cached_property
    def unspaced(self) -> bool:
        """Whether most of its letters belong to scripts that put no spaces between words, so that words mean nothing."""
        if self.text.isascii():
            return False
        letters = sum(map(str.isalpha, self.text))
        return 2 * sum(1 for _ in _UNSPACED.finditer(self.text)) > letters > 0

    @cached_property
    def _paragraphs(self) -> Sequence[Sequence[Line]]:
        paragraphs: list[list[Line]] = [[]]
        start = 0
        for line in self.text.split("\n"):
            if line.strip():
                paragraphs[-1].append(Line(start, line))
            elif paragraphs[-1]:
                paragraphs.append([])
            start += len(line) + 1
        return [lines for lines in paragraphs if lines]


def has_end_mark(text: str) -> bool:
    """Whether the text ends with a full stop, a question or exclamation mark, or a quotation mark, in any script."""
    return text.rstrip().endswith(_END_MARKS)


def copies(parts: Iterable[Line]) -> list[Line]:
    """Those that an earlier one says word for word."""
    seen: set[str] = set()
    found = []
    for part in parts:
        text = part.text.strip()
        if text in seen:
            found.append(part)
        seen.add(text)
    return found


def covered(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches, given in order, those that overlap or touch as one."""
    start = end = -1
    for first, last in stretches:
        if first > end:
            if end > start:
                yield start, end
            start, end = first, last
        else:
            end = max(last, end)
    if end > start:
        yield start, end


def share(part: float, whole: float) -> float:
    """The part of the whole; 0 of nothing."""
    return part / whole if whole else 0.0
