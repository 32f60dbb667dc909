"""What a run came to, in Markdown: for trackers that show text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from seatrial import TrackingOutcome
from seatrial.terminal.figures import figure

__all__ = ["flat", "outcome_lines"]


def outcome_lines(outcome: TrackingOutcome) -> Iterator[str]:
    """The verdict, the gates' decisions and the scores."""
    yield f"# {outcome.state.upper()}"
    yield from ("", f"At {outcome.stage}: {outcome.reason}" if outcome.stage else outcome.reason)
    yield from ("" for _ in outcome.warnings[:1])
    yield from (f"- Warning: {_cell(said)}" for said in outcome.warnings)
    if outcome.decisions:
        yield from ("", "| Gate | Decision | Severity | Reason |", "|---|---|---|---|")
    for one in outcome.decisions:
        yield f"| {_cell(one.condition)} | {one.outcome} | {one.severity} | {_cell(one.reason)} |"
    if outcome.scores:
        yield from ("", "| Score | System | Value | Two-sided 95% interval | n |", "|---|---|---|---|---|")
    for score in outcome.scores:
        value = _cell(score.missing or "missing") if score.value is None else figure(score.value)
        held = score.interval
        interval = "" if held is None else f"{figure(held.low)} to {figure(held.high)}"
        yield f"| {_cell(score.metric)} | {_cell(score.system)} | {value} | {interval} | {score.n} |"


def flat(config: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The settings by their place in the suite: `train.r`, `gates[0].min`; what is unset is left out."""
    yield from _flat("", config)


def _flat(place: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, held in value.items():
            yield from _flat(f"{place}.{key}" if place else str(key), held)
    elif isinstance(value, list | tuple) and any(isinstance(held, Mapping | list | tuple) for held in value):
        for number, held in enumerate(value):
            yield from _flat(f"{place}[{number}]", held)
    elif value not in (None, "", [], {}, ()):
        yield place, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
