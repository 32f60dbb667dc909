"""In brief: the few figures that answer most of a reviewer's questions, for the top of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from seatrial.runs.result import Result
from seatrial.terminal.figures import count, percent
from seatrial_reports.columns import chosen, grouped
from seatrial_reports.comparison import MetricBlock, ScoreLine
from seatrial_reports.datatrail import DataTrail
from seatrial_reports.dimensions import Measured
from seatrial_reports.headline import subject
from seatrial_reports.rivals import Standing

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Figure", "build_brief", "build_data_brief"]

_OF_THE_MODEL = ("accuracy", "robustness", "safety", "efficiency")

Tone = Literal["", "good", "bad"]
_TONES: Mapping[Standing, Tone] = {"better": "good", "worse": "bad", "unclear": ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the banner."""

    name: str
    written: str
    beside: str
    """Its interval and n, or what it means for the system on trial."""
    tone: Tone = ""


def build_brief(result: Result, measured: Sequence[Measured]) -> tuple[Figure, ...]:
    """The system on trial on the metric that matters most, its base, its best rival, and one figure of each other dimension."""
    chief = _chief(result, measured)
    return (*(_of(chief, subject(result)) if chief else ()), *_others(result, measured, chief))


def build_data_brief(result: Result, data: DataTrail) -> tuple[Figure, ...]:
    """What was read and kept, what was dropped where, what was redacted, and what holding train against test found."""
    if data.read is None or data.kept is None:
        return ()
    kept = f"{count(data.kept)} ({percent(data.kept / data.read)})" if data.read else count(data.kept)
    redacted = chosen(result.ledger, ("action",), lambda action: action == "redact")
    return (
        Figure(
            "records read", count(data.read), f"of {count(len(data.files))} file{'s' if len(data.files) != 1 else ''}"
        ),
        Figure("rows kept", kept, ", ".join(f"{name} {count(n)}" for name, n in data.composition.splits if n)),
        Figure(
            "dropped",
            count(data.dropped),
            ", ".join(f"{step.name.lower()} {count(step.dropped)}" for step in data.flow if step.dropped),
        ),
        *(
            [Figure("redacted", _rows(result, redacted), "placeholders stand for what was found")]
            if len(redacted)
            else ()
        ),
        *(
            Figure(f"rows that {block.filter} found", count(block.rows), f"{count(block.dropped)} of them dropped")
            for block in data.filters
            if block.stage == "decontaminate" and block.rows
        ),
    )


def _rows(result: Result, places: np.ndarray) -> str:
    """How many rows findings are about."""
    import pyarrow as pa

    rows = len(grouped(result.ledger.take(pa.array(places)), ("row",))[0])
    return f"{count(rows)} row{'' if rows == 1 else 's'}"


def _chief(result: Result, measured: Sequence[Measured]) -> MetricBlock | None:
    """The metric of the first blocking gate that several systems were scored on; else the first such metric."""
    compared = {block.metric: block for one in measured for scored in one.scorers for block in scored.compared}
    held = [d.metric for d in (result.verdict.decisions if result.verdict else ()) if d.severity == "block"]
    return next((compared[metric] for metric in held if metric in compared), next(iter(compared.values()), None))


def _of(block: MetricBlock, on_trial: str) -> Iterator[Figure]:
    mine = next((line for line in block.lines if line.on_trial), None)
    if mine is not None:
        yield Figure(f"{mine.system}: {block.metric}", mine.value, _sampling(mine))
    others = [line for line in block.lines if not line.on_trial]
    base = next((line for line in others if line.system == "base"), None)
    if base is not None:
        yield _beside("before tuning", base, on_trial)
    best = _best(block)
    if best is not None and best is not base:
        yield _beside("best of the others", best, on_trial)


def _best(block: MetricBlock) -> ScoreLine | None:
    """The other system with the best value, as its dot stands on the axis."""
    placed = [(line.dot.at, line) for line in block.lines if line.dot and not line.on_trial]
    if not placed:
        return None
    pick = max if block.direction.startswith("higher") else min
    return pick(placed, key=lambda pair: pair[0])[1]


def _beside(what: str, line: ScoreLine, on_trial: str) -> Figure:
    if line.rival is None:
        return Figure(f"{what}: {line.system}", line.value, _sampling(line))
    return Figure(f"{what}: {line.system}", line.value, f"{on_trial} is {line.rival.said}", _TONES[line.rival.standing])


def _others(result: Result, measured: Sequence[Measured], chief: MetricBlock | None) -> Iterator[Figure]:
    """Of each dimension that the chief metric does not speak of, what a gate holds of it, else its first score."""
    gated = [decision.metric for decision in result.verdict.decisions] if result.verdict else []
    for one in measured:
        blocks = one.metrics()
        if chief not in blocks:
            held = [block for block in blocks if block.metric in gated]
            # What is measured of the data, or of nobody knows what, is no news of the model unless a gate says so.
            ranked = [*held, *(blocks if one.name in _OF_THE_MODEL else ())]
            lines = ((block, line) for block in ranked for line in block.lines if line.on_trial)
            for block, line in islice(lines, 1):
                yield Figure(f"{line.system}: {block.metric}", line.value, _sampling(line))


def _sampling(line: ScoreLine) -> str:
    """`0.910 to 0.929, n = 3,075`."""
    return ", ".join(part for part in (line.interval, f"n = {line.n}" if line.n else "") if part)
