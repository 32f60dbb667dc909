"""TensorBoard: a folder of event files for each run, written without TensorFlow and without torch."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from seatrial import TrackedRun, TrackedStep, TrackingOutcome
from seatrial_plugins.tracking.written import outcome_lines

__all__ = ["TensorboardEvents"]


class TensorboardEvents:
    """Scalars of steps and scores, and texts of the suite, the verdict and the report (`seatrial.Tracker`)."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._writer: Any = None

    def start(self, run: TrackedRun) -> None:
        """Open an event file; a run that goes on has several."""
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._folder = self._folder / run.identity
        self._writer = EventFileWriter(str(self._folder))
        self._text("suite", f"```json\n{json.dumps(run.config, indent=1, ensure_ascii=False)}\n```")

    def log(self, step: TrackedStep) -> None:
        """A scalar for each value."""
        for name, value in step.values.items():
            self._scalar(f"{step.training}/{name}", value, step.step)
        self._writer.flush()

    def finish(self, outcome: TrackingOutcome) -> None:
        """A scalar for each score, the verdict as text, and the report beside the events."""
        for name, value in outcome.numbers():
            self._scalar(f"scores/{name}", value, 0)
        self._text("verdict", "\n".join(outcome_lines(outcome)))
        if outcome.report is not None:
            shutil.copytree(outcome.report, self._folder / "report", dirs_exist_ok=True)
            written = outcome.report / "report.md"
            if written.is_file():
                self._text("report", written.read_text(encoding="utf-8"))
        self._writer.close()

    def _scalar(self, name: str, value: float, step: int) -> None:
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._add(scalar_pb(name, value), step)

    def _text(self, name: str, text: str) -> None:
        from tensorboard.plugins.text.summary_v2 import text_pb

        self._add(text_pb(name, text), 0)

    def _add(self, summary: Any, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
