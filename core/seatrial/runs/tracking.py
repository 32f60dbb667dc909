"""Tracking: the suite's trackers are told how a run goes, each in a process of its own; none of them can stop or slow it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError
from seatrial.plugin.host import TrackerFailure
from seatrial.runs.events import Failure, Plan, Record, Step
from seatrial.runs.recipe import Recipe
from seatrial.runs.result import Result
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.tracked import TrackedProcess
from seatrial.runs.tracker import TrackedRun, TrackedStep, TrackingOutcome
from seatrial.suite.secrets import hidden
from seatrial.verdict import Decision

if TYPE_CHECKING:
    from seatrial.runs.workbench import Workbench
    from seatrial.suite.parts import Chosen

__all__ = ["Tracking", "unable"]

_log = logging.getLogger("seatrial.runs.tracking")

PATIENCE = 60.0
"""Seconds that a run waits at its end for trackers to take its verdict and report; only one that hangs takes them all.
MLflow makes a new database in about 20 s of two busy cores."""

_INTERRUPTS = ("KeyboardInterrupt",)
"""What an interrupt says of itself."""

_INTERRUPTED = 5.0
"""The same where the run was interrupted: who does that is waiting."""


def unable(chosen: Sequence[Chosen], bench: Workbench) -> Iterator[str]:
    """Which of the trackers cannot work here, such as for want of a library, a sentence each."""
    for one in chosen:
        if isinstance(found := _recipe(one, bench), str):
            yield str(TrackerFailure(one.name, found))


class Tracking:
    """Tells plugins that watch a run, and the suite's trackers, how far it is (`seatrial.runs.nodes.Watcher`)."""

    def __init__(self, chosen: Sequence[Chosen], bench: Workbench) -> None:
        self._chosen = chosen
        self._bench = bench
        self._host = bench.host
        self._trackers: dict[str, TrackedProcess] = {}
        self._unable: dict[str, str] = {}
        self._trainings = 1

    # ---- what the run says ----------------------------------------------------------------------------------------

    def run_started(self, plan: Plan) -> None:
        """Start the trackers."""
        self._host.run_started(plan)
        self._trainings = sum(stage.partition("[")[0] == "train" for stage in plan.stages)
        config = hidden(plan.resolved)
        assert isinstance(config, dict)
        run = TrackedRun(
            plan.folder.name, RunFolder(plan.folder).identity(), plan.suite, plan.folder, plan.offline, config
        )
        for one in self._chosen:
            found = _recipe(one, self._bench)
            if isinstance(found, str):
                self._unable[one.name] = found
                self._warn(one.name, found)
                continue
            self._trackers[one.name] = TrackedProcess(found, failed=partial(self._warn, one.name))
            self._trackers[one.name].tell("start", run)

    def step_logged(self, step: Step) -> None:
        """Hand on what training logged."""
        self._host.step_logged(step)
        if step.values and self._trackers:
            told = TrackedStep(self._training(step.stage), step.done, dict(step.values))
            for tracker in self._trackers.values():
                tracker.tell("log", told)

    def stage_finished(self, record: Record) -> None:
        """Trackers are not told of stages."""
        self._host.stage_finished(record)

    def run_finished(self, result: Result) -> None:
        """Tell the plugins; the trackers, which may take their time, are told by `finish`."""
        self._host.run_finished(result.handed_out())

    def finish(self, result: Result) -> None:
        """Hand on the verdict, the scores and the report, and end the trackers."""
        if not self._trackers:
            return
        verdict, report = result.verdict, result.folder / "report"
        outcome = TrackingOutcome(
            "data" if verdict is None else verdict.state,
            str(hidden("the data stages alone were run" if verdict is None else verdict.reason)),
            scores=tuple(replace(one, missing=_masked(one.missing)) for one in result.scores),
            decisions=() if verdict is None else tuple(map(_masked_decision, verdict.decisions)),
            report=report if report.is_dir() else None,
            warnings=() if verdict is None else tuple(str(hidden(said)) for said in verdict.warnings),
        )
        self._end(outcome, PATIENCE)

    def run_failed(self, failure: Failure) -> None:
        """Hand on what the run ended with, and end the trackers."""
        self._host.run_failed(failure)
        interrupted = failure.message in _INTERRUPTS
        said = "the run was interrupted; the same command goes on" if interrupted else str(hidden(failure.message))
        outcome = TrackingOutcome("failed", said, failure.stage)
        self._end(outcome, min(PATIENCE, _INTERRUPTED) if interrupted else PATIENCE)

    def told(self) -> dict[str, object]:
        """What the manifest says of the trackers; nothing where the suite names none."""
        found: dict[str, object] = {name: {"warning": said} for name, said in self._unable.items()}
        for name, tracker in self._trackers.items():
            wrong = {"warning": tracker.problem, "problems": tracker.problems} if tracker.problem else {}
            found[name] = {"calls": tracker.told, **wrong}
        return {"tracking": found} if found else {}

    # ---- the trackers ---------------------------------------------------------------------------------------------

    def _training(self, stage: str) -> str:
        """A stage as trackers name it: no brackets, which not all of them take."""
        base = stage.partition("[")[0]
        return base if self._trainings == 1 and base == "train" else re.sub(r"[^\w.-]+", "", stage.replace("[", "-"))

    def _end(self, outcome: TrackingOutcome, patience: float) -> None:
        """All are told before the first is waited for: they end side by side."""
        for tracker in self._trackers.values():
            tracker.tell("finish", outcome)
            tracker.let_end()
        deadline = time.monotonic() + patience
        for tracker in self._trackers.values():
            tracker.close(deadline)

    def _warn(self, name: str, said: str) -> None:
        """Once for each tracker: in the log, and at the end in the terminal."""
        failure = TrackerFailure(name, said)
        _log.warning("%s", failure)
        self._host.watch_failures.append(failure)


def _masked(said: str | None) -> str | None:
    return None if said is None else str(hidden(said))


def _masked_decision(decision: Decision) -> Decision:
    """Its reason may quote a sample's error, and its condition the suite."""
    return replace(decision, condition=str(hidden(decision.condition)), reason=str(hidden(decision.reason)))


def _recipe(chosen: Chosen, bench: Workbench) -> Recipe | str:
    """How a tracker is built, or why it cannot be."""
    try:
        return bench.recipe("trackers", chosen.name, chosen.options)
    except SeatrialError as error:
        return str(error)
