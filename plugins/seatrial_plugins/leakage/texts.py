"""Texts: which turns of a row are compared, the words in them, and where those stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal

from seatrial import Row, Span
from seatrial.data.normalise import Word, spell, words

__all__ = ["Side", "compared_turns", "spans_of", "spelled", "stretch"]

Side = Literal["input", "all", "user"]


def compared_turns(row: Row, on: Side) -> tuple[int, ...]:
    """Indices of the turns that are compared: never a system turn; for `user` the user's only."""
    count = len(row.prompt) if on == "input" else len(row.turns)
    roles = {"user"} if on == "user" else {"user", "assistant", "tool"}
    return tuple(index for index in range(count) if row.turns[index].role in roles)


def spelled(row: Row, turns: Iterable[int]) -> tuple[str, ...]:
    """The normalised words of those turns, one after the other."""
    return tuple(word for index in turns for word in spell(row.turns[index].content))


def spans_of(row: Row, turns: Iterable[int], shared: frozenset[int] | None) -> tuple[Span, ...]:
    """Where the shared words stand: a span for each unbroken run of them within a turn; whole turns for None."""
    if shared is None:
        return tuple(Span(index, 0, len(row.turns[index].content)) for index in turns)
    placed = [(index, word) for index in turns for word in words(row.turns[index].content)]
    spans: list[Span] = []
    for _, run in groupby(enumerate(sorted(shared)), key=lambda pair: pair[1] - pair[0]):
        of_run = [placed[place] for _, place in run]
        spans += (_span(turn, [word for _, word in group]) for turn, group in groupby(of_run, key=lambda pair: pair[0]))
    return tuple(spans)


def _span(turn: int, run: Sequence[Word]) -> Span:
    return Span(turn, run[0].start, run[-1].end)


def stretch(row: Row, spans: Sequence[Span]) -> str | None:
    """The longest of the spans, as the row writes it; None where there is none."""
    if not spans:
        return None
    longest = max(spans, key=lambda span: span.end - span.start)
    return row.turns[longest.turn].content[longest.start : longest.end]
