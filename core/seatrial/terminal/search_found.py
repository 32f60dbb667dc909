"""What a search found, as a person reads it: the best trials, what was chosen, and what mattered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.terminal.figures import percent
from seatrial.terminal.measures import duration
from seatrial.terminal.screen import Line, cell, clean

if TYPE_CHECKING:
    from seatrial.runs.searching.found import Found
    from seatrial.terminal.screen import Screen

__all__ = ["found_document", "print_found", "said_options"]

_SHOWN = 10


def found_document(found: Found) -> dict[str, object]:
    """What was found, as JSON values."""
    return {"suite": found.suite, "folder": str(found.folder), "options": dict(found.options), **found.facts}


def print_found(found: Found, screen: Screen, *, brief: bool = False) -> None:
    """The best trials, the finalists, the settings that were chosen."""
    if not brief:
        _print_trials(found, screen)
        mattered = ", ".join(f"{name} {percent(share)}" for name, share in found.facts["importance"].items())
        if mattered:
            screen.lines([clean(f"What mattered (PED-ANOVA): {mattered}")])
    screen.lines(clean(note) for note in found.facts["notes"])
    settings = " ".join(f"--set 'train.{name}={json.dumps(value)}'" for name, value in found.options.items())
    screen.lines(
        [clean(f"The same settings in a suite without `search:`: {settings}")] * (not brief)
        + [clean(f"`seatrial run` with the same suite goes on from here: {found.folder}")]
    )


def _print_trials(found: Found, screen: Screen) -> None:
    full: Mapping[int, Any] = {one["number"]: one for one in found.finalists}
    order = sorted(found.trials, key=lambda one: (one["loss"] is None, one["loss"] or 0.0, one["number"]))
    table = screen.table(">Trial", "Settings", "State", ">Loss on a share", ">Loss on all rows", ">Time")
    lines: list[Line] = []
    for one in order[:_SHOWN]:
        whole = full.get(one["number"], {})
        losses = ["" if each.get("loss") is None else f"{each['loss']:.4g}" for each in (one, whole)]
        state = "the suite's own" if one["drawn"] else one["state"]
        told = (str(one["number"]), said_options(one["options"]), state, *losses, duration(one["seconds"]))
        table.add_row(*map(cell, told))
        lines.append((0, clean(f"{told[0]}: {told[1]}")))
        lines.append((2, clean(", ".join(part for part in told[2:] if part))))
    screen.table_or_lines(table, lines)
    if len(order) > _SHOWN:
        screen.lines([f"{len(order) - _SHOWN:,} more trials are in search/ of the run folder."])


def said_options(options: Mapping[str, Any]) -> str:
    """Settings in a sentence: `lr 0.0012, r 16`."""
    return ", ".join(f"{name} {_said(value)}" for name, value in options.items())


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)
