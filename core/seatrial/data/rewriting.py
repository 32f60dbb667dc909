"""Rewriting: several replacements in one row at once, where they overlap by a rule that never lets a datum through."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from seatrial.rows import Choice, Label, Row, Text, ToolResult, Turn
from seatrial.rows.parts import text_in, with_text

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
    part: int | None = None
    """The part that the characters are counted in; None for the turn's words."""


def rewrite(row: Row, edits: Iterable[Edit]) -> tuple[Row, frozenset[int]]:
    """The row with every edit made that can be, and the findings none of whose edits was.

    Overlapping redactions become one over their union, with the longest one's replacement. A repair that overlaps with a
    redaction, or with a longer repair, is not made. The expected answer follows its turn: a row whose label or choice
    is the last turn's text keeps saying the same thing in both places.
    """
    by_text: dict[tuple[int, int], list[Edit]] = {}
    turns = list(row.all_turns)
    asked: set[int] = set()
    for edit in edits:
        for part, placed in _in_parts(edit, turns[edit.turn]):
            by_text.setdefault((edit.turn, part), []).append(placed)
        asked.add(edit.finding)
    if not by_text:
        return row, frozenset()
    made: set[int] = set()
    for (index, part), given in by_text.items():
        redactions = _merged([edit for edit in given if edit.must])
        kept = _longest([edit for edit in given if not edit.must], redactions)
        made |= {edit.finding for edit in given if edit.must or _stretch(edit) in kept}
        turns[index] = _rewritten(turns[index], part, [*redactions, *kept])
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


def _in_parts(edit: Edit, turn: Turn) -> Iterator[tuple[int, Edit]]:
    """The edit in the parts that it touches, its characters counted in each; what it puts there goes into the first."""
    if edit.part is not None or type(turn.said) is str:
        yield edit.part or 0, edit
        return
    start, text, empty = 0, edit.replacement, edit.start == edit.end
    for place, part in enumerate(turn.parts):
        if not isinstance(part, Text | ToolResult):
            continue
        end = start + len(part.text)
        if (edit.start < end and edit.end > start) or (empty and start <= edit.start <= end):
            first, last = max(edit.start, start) - start, min(edit.end, end) - start
            yield place, replace(edit, start=first, end=last, replacement=text)
            if empty:
                return
            text = ""
        start = end


def _rewritten(turn: Turn, place: int, stretches: Sequence[_Stretch]) -> Turn:
    """The turn with other words in one of its parts."""
    if type(turn.said) is str:
        return turn.with_content(_replaced(turn.said, stretches))
    parts = list(turn.parts)
    parts[place] = with_text(parts[place], _replaced(text_in(parts[place]), stretches))
    return replace(turn, said=parts)


def _replaced(text: str, stretches: Iterable[_Stretch]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, replacement in sorted(stretches):
        pieces += (text[done:start], replacement)
        done = end
    return "".join([*pieces, text[done:]])


def _answering(row: Row, turns: Sequence[Turn]) -> Row:
    """The row with other turns; label and options follow an answer that was rewritten."""
    last = len(row.turns) - 1
    before, after = row.turns[last].content, turns[last].content
    expected = row.expected
    if before == after or not row.answered:
        return row.with_turns(turns)
    if isinstance(expected, Label) and expected.name == before:
        row = replace(row, expected=Label(after))
    elif isinstance(expected, Choice):
        options = tuple(after if option == before else option for option in expected.options)
        row = replace(row, expected=replace(expected, options=options))
    return row.with_turns(turns)
