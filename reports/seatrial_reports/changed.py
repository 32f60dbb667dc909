"""Changed: what is not what it was in an earlier run, and how the scores moved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seatrial.evaluation.scores import Score
from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Change, Result, ScoreChange
from seatrial.terminal.figures import rows_counted
from seatrial_reports.headline import moment_written, subject
from seatrial_reports.numbers import interval, value
from seatrial_reports.rivals import Rival, rival_of

__all__ = ["Changed", "ScoreMoved", "Subject", "build_changed"]

_NOTHING = "–"
"""What stands where one of the runs has nothing."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHORT = 16
"""Characters of a digest that tell it from another at a glance."""


@dataclass(frozen=True, slots=True)
class Subject:
    """All that changed of one subject, such as the suite."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ScoreMoved:
    """One score then and now."""

    metric: str
    system: str
    before: str
    now: str
    rival: Rival | None
    """How this run's system stands to the earlier one's on the same rows."""
    note: str
    """Why that can't be told; "" where it is, or nobody would expect it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed since an earlier run."""

    run: str
    started: str
    subjects: tuple[Subject, ...]
    scores: tuple[ScoreMoved, ...]
    """Of the system on trial, and of the data."""
    others: tuple[ScoreMoved, ...]
    """Of all other systems."""
    unpaired: str
    """Why none can be told row by row, where that is one reason; then it stands at no score."""
    same: int
    """How many scores are equal in both."""
    missing: str
    """Why nothing can be told."""


def build_changed(result: Result) -> Changed | None:
    """None where no earlier run is named."""
    since = result.since
    if since is None:
        return None
    moved = [_moved(score, result) for score in since.scores]
    notes = [score.note for score in moved if score.note]
    common = notes[0] if len(notes) > 1 and len(set(notes)) == 1 else ""
    moved = [replace(score, note="") if common else score for score in moved]
    first = {subject(result), DATA}
    return Changed(
        run=since.run,
        started=moment_written(since.started),
        subjects=tuple(Subject(name, _written(changes)) for name, changes in since.groups.items()),
        scores=tuple(score for score in moved if score.system in first),
        others=tuple(score for score in moved if score.system not in first),
        unpaired=common,
        same=since.same,
        missing=since.missing,
    )


def _written(changes: Sequence[Change]) -> tuple[Change, ...]:
    return tuple(Change(one.what, _short(one.before), _short(one.now)) for one in changes)


def _short(said: str) -> str:
    return f"{said[:_SHORT]}…" if _DIGEST.fullmatch(said) else said or _NOTHING


def _moved(change: ScoreChange, result: Result) -> ScoreMoved:
    metric = result.metrics.get(change.metric)
    rival = rival_of(change.paired, metric) if change.paired is not None and metric is not None else None
    return ScoreMoved(
        change.metric, change.system, _score(change.before), _score(change.now), rival, note=change.unpaired
    )


def _score(score: Score | None) -> str:
    """`0.850 (0.791 to 0.897, n = 200)`."""
    if score is None:
        return _NOTHING
    if score.value is None:
        return f"{value(score)}: {score.missing}" if score.missing else value(score)
    size = f"n = {rows_counted(score.n, score.clusters, score.seeds)}" if score.kind != "exact" else ""
    beside = ", ".join(part for part in (interval(score), size) if part)
    return f"{value(score)} ({beside})" if beside else value(score)
