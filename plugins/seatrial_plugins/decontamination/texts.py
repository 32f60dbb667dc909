"""Texts: which turns of a row are compared, as one text, and where a stretch of that stands in the row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from seatrial import Row, Span

__all__ = [
    "Runs",
    "Side",
    "compared_images",
    "compared_text",
    "compared_turns",
    "merged",
    "spans_in",
    "spans_of",
    "stretch",
    "whole_text",
]

Side = Literal["input", "all", "user"]

Runs = tuple[tuple[int, int], ...]
"""Unbroken stretches: first unit (or character), one past the last; ascending, without overlap."""


def compared_turns(row: Row, on: Side) -> tuple[int, ...]:
    """Indices of the turns that are compared: never a system turn; for `user` the user's only."""
    count = len(row.prompt) if on == "input" else len(row.turns)
    roles = {"user"} if on == "user" else {"user", "assistant", "tool"}
    return tuple(index for index in range(count) if row.turns[index].role in roles)


def compared_images(row: Row, on: Side) -> frozenset[str]:
    """The digests of the pictures that those turns show."""
    return frozenset(image.digest for index in compared_turns(row, on) for image in row.turns[index].images)


def compared_text(row: Row, on: Side) -> str:
    """What rules of words compare: those turns as one text; nothing where they show pictures, of which words say too little."""
    return "" if compared_images(row, on) else whole_text(row, on)


def whole_text(row: Row, on: Side) -> str:
    """Those turns as one text, a line break between them, whatever they show."""
    return "\n".join([row.turns[index].content for index in compared_turns(row, on)])


def spans_of(row: Row, on: Side, runs: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """Where runs of characters of the compared text stand in the row: each is cut where a turn ends."""
    return spans_in([(index, len(row.turns[index].content)) for index in compared_turns(row, on)], runs)


def spans_in(turns: Iterable[tuple[int, int]], runs: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """The same, from the compared turns' indices and lengths."""
    spans: list[Span] = []
    runs = list(runs)
    begin = 0
    for index, length in turns:
        end = begin + length
        spans += [
            Span(index, max(start, begin) - begin, min(stop, end) - begin)
            for start, stop in runs
            if start < end and stop > begin
        ]
        begin = end + 1
    return tuple(spans)


def stretch(row: Row, spans: Sequence[Span]) -> str | None:
    """The longest of the spans, as the row writes it; None where there is none."""
    if not spans:
        return None
    longest = max(spans, key=lambda span: span.end - span.start)
    return row.turns[longest.turn].content[longest.start : longest.end]


def merged(runs: Iterable[tuple[int, int]]) -> Runs:
    """Runs that touch or overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)
