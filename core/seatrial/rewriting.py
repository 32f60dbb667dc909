"""Rewriting: several replacements in one row at once, where they overlap by a rule that never lets a datum through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seatrial.rows import Row, Turn

__all__ = ["Edit", "rewrite"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `replacement` where the characters from `start` to `end` of a turn stand."""

    turn: int
    start: int
    end: int
    replacement: str
    must: bool
    """True for a redaction, which is made whatever it overlaps with; a repair gives way."""
    finding: int
    """Which finding asks for it."""


def rewrite(row: Row, edits: Iterable[Edit]) -> tuple[Row, frozenset[int]]:
    """The row with every edit made that can be, and the findings none of whose edits was.

    Overlapping redactions become one over their union, with the longest one's replacement. A repair that overlaps with a
    redaction, or with a longer repair, is not made. The expected answer follows its turn: a row whose label or choice
    is the last turn's text keeps saying the same thing in both places.
    """
    by_turn: dict[int, list[Edit]] = {}
    asked: set[int] = set()
    for edit in edits:
        by_turn.setdefault(edit.turn, []).append(edit)
        asked.add(edit.finding)
    if not by_turn:
        return row, frozenset()
    turns = list(row.turns)
    made: set[int] = set()
    for index, given in by_turn.items():
        redactions = _merged([edit for edit in given if edit.must])
        repairs = _longest([edit for edit in given if not edit.must], redactions)
        made |= {edit.finding for edit in given if edit.must} | {edit.finding for edit in repairs}
        turns[index] = replace(turns[index], content=_replaced(turns[index].content, [*redactions, *repairs]))
    return _answering(row, turns), frozenset(asked - made)


def _merged(redactions: Sequence[Edit]) -> list[Edit]:
    merged: list[Edit] = []
    longest = 0
    for edit in sorted(redactions, key=lambda edit: (edit.start, -edit.end)):
        length = edit.end - edit.start
        last = merged[-1] if merged else None
        if last is None or edit.start >= last.end:
            merged.append(edit)
            longest = length
        else:
            text = edit.replacement if length > longest else last.replacement
            merged[-1] = replace(last, end=max(last.end, edit.end), replacement=text)
            longest = max(longest, length)
    return merged


def _longest(repairs: Sequence[Edit], redactions: Sequence[Edit]) -> list[Edit]:
    """The repairs that can be made together, longer ones first; equal ones of several findings count as made once."""
    kept: list[Edit] = []
    taken = [(edit.start, edit.end) for edit in redactions]
    for edit in sorted(repairs, key=lambda edit: (edit.start - edit.end, edit.start, edit.finding)):
        if not any(_overlap(edit, start, end) for start, end in taken):
            kept.append(edit)
            taken.append((edit.start, edit.end))
    return kept


def _overlap(edit: Edit, start: int, end: int) -> bool:
    same_point = edit.start == edit.end == start == end
    return same_point or (edit.start < end and start < edit.end)


def _replaced(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text


def _answering(row: Row, turns: Sequence[Turn]) -> Row:
    """The row with other turns; label and choices follow an answer that was rewritten."""
    before, after = row.turns[-1].content, turns[-1].content
    if before == after or not row.answered:
        return row.with_turns(turns)
    label = after if row.label == before else row.label
    choices = tuple(after if choice == before else choice for choice in row.choices)
    return replace(row, turns=tuple(turns), label=label, choices=choices)
