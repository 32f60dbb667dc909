"""Rewriting: several replacements in one row at once, where they overlap by a rule that never lets a datum through."""

from __future__ import annotations

from bisect import bisect_right
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
        kept = _longest([edit for edit in given if not edit.must], redactions)
        made |= {edit.finding for edit in given if edit.must or _stretch(edit) in kept}
        turns[index] = replace(turns[index], content=_replaced(turns[index].content, [*redactions, *kept]))
    return _answering(row, turns), frozenset(asked - made)


_Stretch = tuple[int, int, str]
"""Start, end, replacement."""


def _stretch(edit: Edit) -> _Stretch:
    return edit.start, edit.end, edit.replacement


def _merged(redactions: Sequence[Edit]) -> list[_Stretch]:
    """The union of the redactions as disjoint stretches, each with the replacement of the longest in it."""
    merged: list[_Stretch] = []
    longest = 0
    for start, end, text in sorted(map(_stretch, redactions), key=lambda stretch: (stretch[0], -stretch[1])):
        if merged and start < merged[-1][1]:
            first, last, chosen = merged[-1]
            merged[-1] = (first, max(last, end), text if end - start > longest else chosen)
            longest = max(longest, end - start)
        elif not merged or (start, end) != merged[-1][:2]:
            merged.append((start, end, text))
            longest = end - start
    return merged


def _longest(repairs: Sequence[Edit], redactions: Sequence[_Stretch]) -> set[_Stretch]:
    """The repairs that can be made together and beside the redactions, longer ones first, then earlier ones."""
    taken = sorted((start, end) for start, end, _ in redactions)
    kept: set[_Stretch] = set()
    for start, end, text in sorted(set(map(_stretch, repairs)), key=lambda stretch: (stretch[0] - stretch[1], stretch)):
        place = bisect_right(taken, (start, end))
        clear_before = place == 0 or (taken[place - 1][1] <= start and taken[place - 1] != (start, end))
        if clear_before and (place == len(taken) or end <= taken[place][0]):
            taken.insert(place, (start, end))
            kept.add((start, end, text))
    return kept


def _replaced(text: str, stretches: Iterable[_Stretch]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, replacement in sorted(stretches):
        pieces += (text[done:start], replacement)
        done = end
    return "".join([*pieces, text[done:]])


def _answering(row: Row, turns: Sequence[Turn]) -> Row:
    """The row with other turns; label and choices follow an answer that was rewritten."""
    before, after = row.turns[-1].content, turns[-1].content
    if before == after or not row.answered:
        return row.with_turns(turns)
    label = after if row.label == before else row.label
    choices = tuple(after if choice == before else choice for choice in row.choices)
    return replace(row, turns=tuple(turns), label=label, choices=choices)
