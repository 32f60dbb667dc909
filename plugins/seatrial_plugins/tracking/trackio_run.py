"""Trackio: a run in its local database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seatrial import TrackedRun, TrackedStep, TrackingOutcome
from seatrial_plugins.tracking.written import outcome_lines

__all__ = ["TrackioRun"]


class TrackioRun:
    """Settings, metrics of steps, scores and verdict, the report as a file of the run (`seatrial.Tracker`)."""

    def __init__(self, project: str, group: str | None, folder: str | None) -> None:
        self._project = project
        self._group = group
        self._folder = folder
        self._trackio: Any = None
        self._run: Any = None

    def start(self, run: TrackedRun) -> None:
        """Open the run; one that goes on has the same name."""
        if self._folder is not None:
            os.environ["TRACKIO_DIR"] = str(Path(self._folder).resolve())
        for name in [name for name in os.environ if name.startswith("TRACKIO_") and name != "TRACKIO_DIR"]:
            del os.environ[name]  # of this process alone: TRACKIO_SPACE_ID and others have it send what it keeps
        import trackio

        self._trackio = trackio
        self._run = trackio.init(
            project=self._project,
            name=run.identity,
            group=self._group,
            config=dict(run.config),
            resume="allow",
            embed=False,
            auto_log_gpu=False,
        )

    def log(self, step: TrackedStep) -> None:
        """A metric for each value."""
        self._run.log({f"{step.training}/{name}": value for name, value in step.values.items()}, step=step.step)

    def finish(self, outcome: TrackingOutcome) -> None:
        """Scores and verdict as metrics of a last step, the report as a file."""
        self._run.log(
            {
                "verdict": outcome.state,
                "outcome": self._trackio.Markdown("\n".join(outcome_lines(outcome))),
                **{f"scores/{name}": value for name, value in outcome.numbers()},
            }
        )
        if outcome.report is not None:
            self._trackio.save(f"{outcome.report}/**", project=self._project)
        self._trackio.finish()
