"""A passage: the running text of a row that a filter reads, and where in the row each place of it stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from seatrial import Row, Span

__all__ = ["Passage", "Read", "passage_of"]

Read = Literal["all", "input", "answer"]
"""`all` is what user and assistant say, `input` what the user says before the last answer, `answer` the last answer."""

_NAMES_AN_ANSWER = frozenset({"text-label", "choice"})
_NO_PROSE = frozenset({"system", "tool"})


@dataclass(frozen=True, slots=True)
class Passage:
    """The turns that are read, joined by newlines."""

    text: str
    turns: tuple[int, ...]
    """Which turns of the row."""
    starts: tuple[int, ...]
    """Where in the text each of them begins."""

    def spans(self, start: int, end: int, replacement: str | None = None) -> Iterator[Span]:
        """The stretches of turns that a stretch of the text covers; newlines between turns belong to none.

        A replacement stands in the first of them, and nothing in the others.
        """
        place = max(bisect_right(self.starts, start) - 1, 0)
        while place < len(self.starts) and self.starts[place] < max(end, start + 1):
            begin = self.starts[place]
            after = self.starts[place + 1] - 1 if place + 1 < len(self.starts) else len(self.text)
            first, last = max(start, begin) - begin, min(end, after) - begin
            if first < last:
                yield Span(self.turns[place], first, last, replacement)
                replacement = replacement and ""
            place += 1


def passage_of(row: Row, read: Read) -> Passage | None:
    """What is read of a row; None where it has no such turn.

    System prompts and what tools say are not read, nor the answers of labelled and multiple-choice rows: those are names.
    """
    last = len(row.turns) - 1 if row.answered else len(row.turns)
    named = row.format in _NAMES_AN_ANSWER
    turns = [
        index
        for index, turn in enumerate(row.turns)
        if turn.role not in _NO_PROSE
        and not (named and index == last)
        and (read != "input" or (index < last and turn.role != "assistant"))
        and (read != "answer" or index == last)
    ]
    if not turns:
        return None
    starts, length = [], 0
    for index in turns:
        starts.append(length)
        length += len(row.turns[index].content) + 1
    return Passage("\n".join(row.turns[index].content for index in turns), tuple(turns), tuple(starts))
