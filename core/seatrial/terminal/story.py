"""A row's story in lines of text, or as JSON values for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.rows import Check, Preference
from seatrial.rows.parts import text_in
from seatrial.terminal.figures import figure
from seatrial.terminal.legible import one_line, without_escapes
from seatrial.terminal.screen import clean

if TYPE_CHECKING:
    from seatrial.data.findings import Span
    from seatrial.data.ledger import Entry
    from seatrial.rows import Row
    from seatrial.runs.story import Answer, Story

__all__ = ["story_document", "story_lines"]

QUOTED = 200
"""Characters of a text that a line quotes."""
SPANS = 5
"""Stretches of one finding that are written out."""


def story_lines(story: Story) -> Iterator[str]:
    """The story from the reading to the end, fit for a terminal: nothing in it can colour or move anything."""
    yield f"Row    {clean(story.row)}"
    yield f"Read   {clean(str(story.place))} of {clean(story.place.source)}{_kind(story)}"
    turns = story.final.turns if story.final is not None else ()
    for number, turn in enumerate(turns):
        yield f"{'' if number else 'Text':<6} {clean(turn.role)}: {_quoted(turn.content)}"
    if not turns and story.text:
        yield f"Text   {_quoted(story.text)}"
    if story.final is not None:
        yield from _beside(story.final)
    if not story.entries:
        yield "Found  nothing"
    for number, entry in enumerate(story.entries, 1):
        yield from _found(number, entry, story)
    yield f"Ended  {clean(story.ending)}"
    yield from _answered(story.answers)


def _answered(answers: Sequence[Answer]) -> Iterator[str]:
    """What was expected of each system, and what it said."""
    before = None
    for answer in answers:
        if answer.scorer != before:
            expected = "" if answer.target is None else f", which expects {_quoted(answer.target)}"
            yield f"Asked  by {clean(answer.scorer)}{expected}"
            before = answer.scorer
        system = answer.system if answer.seed is None else f"{answer.system}, seed {answer.seed}"
        said = [] if answer.prediction is None else [_quoted(answer.prediction)]
        said += [f"{clean(name)} {figure(value)}" for name, value in answer.values.items()]
        said += [] if answer.error is None else [f"not scored: {clean(one_line(answer.error, QUOTED))}"]
        yield f"       {clean(system)}: {', '.join(said) or 'nothing'}"


def story_document(story: Story) -> dict[str, object]:
    """The story as JSON values."""
    return {
        "row": story.row,
        **asdict(story.place),
        "text": story.text,
        "findings": [_strict(asdict(entry)) for entry in story.entries],
        "matched": {row: asdict(place) for row, place in story.matched.items()},
        "split": story.final.split if story.final else None,
        "dropped": story.decisive is not None,
        "ending": story.ending,
        "answers": [_finite(asdict(answer)) for answer in story.answers],
        **(_more(story.final) if story.final else {}),
    }


def _beside(row: Row) -> Iterator[str]:
    """What a row holds beyond its words."""
    for image in row.images:
        yield f"Image  {image.media_type}, {image.width} × {image.height} pixels, data/images/{image.file_name}"
    if row.tools:
        names = ", ".join(str(tool["function"]["name"]) for tool in row.tools)
        yield f"Tools  {clean(one_line(names, QUOTED))}"
    for index, turn in enumerate(row.turns):
        for call in turn.calls:
            yield f"Call   {clean(one_line(f'{call.name}({text_in(call)})', QUOTED))}, in turn {index}"
        if turn.role == "assistant" and not turn.trained:
            yield f"Turn   {index} is context only: no model is taught to say it"
    for turn in row.all_turns[len(row.turns) :]:
        yield f"{'Worse ' if isinstance(row.expected, Preference) else 'Or    '} {_quoted(turn.content)}"
    if isinstance(row.expected, Check):
        yield f"Check  {clean(row.expected.kind)}: {_quoted(row.expected.code)}"


def _more(row: Row) -> dict[str, object]:
    """The same as JSON values."""
    return {
        "images": [asdict(image) | {"file": f"data/images/{image.file_name}"} for image in row.images],
        "tools": [*row.tools],
        "expected": None
        if row.expected is None
        else {"kind": type(row.expected).__name__.lower()} | asdict(row.expected),
    }


def _strict(entry: dict[str, Any]) -> dict[str, Any]:
    """What JSON has no word for is null: a score that is no finite number."""
    score = entry["score"]
    return entry | {"score": score if score is not None and math.isfinite(score) else None}


def _finite(answer: dict[str, Any]) -> dict[str, Any]:
    values = {name: value if math.isfinite(value) else None for name, value in answer["values"].items()}
    return answer | {"values": values}


def _kind(story: Story) -> str:
    if story.final is None:
        return ""
    label = f", label {_quoted(story.final.label)}" if story.final.label is not None else ""
    return f" ({story.final.format}{label})"


def _found(number: int, entry: Entry, story: Story) -> Iterator[str]:
    who = f"{entry.filter}/{entry.rule}, version {entry.rule_version}, of {entry.plugin}"
    score = "" if entry.score is None else f", score {entry.score:.4g}"
    where = f" (in {entry.split})" if entry.split else ""
    decisive = ", and this took the row out" if entry.decisive else ""
    yield f"{number:>5}  {clean(f'{entry.stage}{where}: {who}{score}')}: {entry.action}{decisive}"
    if entry.detail:
        yield f"       {clean(entry.detail)}"
    for span in entry.spans[:SPANS]:
        yield f"       {_stretch(span)}"
    if len(entry.spans) > SPANS:
        yield f"       and {len(entry.spans) - SPANS} more places"
    if entry.matched_row is not None or entry.matched_text is not None:
        yield f"       {_matched(entry, story)}"


def _stretch(span: Span) -> str:
    part = "" if span.part is None else f", part {span.part}"
    place = f"turn {span.turn}{part}, characters {span.start} to {span.end}"
    return place if span.replacement is None else f"{place} → {_quoted(span.replacement)}"


def _matched(entry: Entry, story: Story) -> str:
    row = ""
    if entry.matched_row is not None:
        place = story.matched.get(entry.matched_row)
        row = f" row {clean(entry.matched_row)}" + (f" ({clean(str(place))})" if place else "")
    text = f" {_quoted(entry.matched_text)}" if entry.matched_text is not None else ""
    return f"matched{row}{':' if row and text else ''}{text}"


def _quoted(text: str) -> str:
    return f"“{one_line(without_escapes(text), QUOTED)}”"
