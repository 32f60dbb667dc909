"""Weights & Biases: a run that is kept on disk, or sent where the user has an account; nobody is asked for a login."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

from seatrial import TrackedRun, TrackedStep, TrackingOutcome
from seatrial_plugins.tracking.written import outcome_lines

__all__ = ["WandbRun"]

_COLUMNS = ["metric", "system", "value", "low", "high", "n", "missing"]


class WandbRun:
    """Settings, metrics of steps, scores as summary and table, the report as artifact (`seatrial.Tracker`)."""

    def __init__(
        self,
        project: str,
        entity: str | None,
        mode: Literal["offline", "online"],
        folder: str,
        group: str | None,
        tags: Sequence[str],
    ) -> None:
        self._project = project
        self._entity = entity
        self._mode = mode
        self._folder = folder
        self._group = group
        self._tags = tags
        self._wandb: Any = None
        self._run: Any = None
        self._stepped: set[str] = set()

    def start(self, run: TrackedRun) -> None:
        """Open the run; one that goes on has the same id.

        Raises:
            RuntimeError: it is to be online, and nobody is logged in.
        """
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        os.environ["WANDB_SILENT"] = "true"
        import wandb

        mode = "offline" if run.offline else self._mode
        if mode == "online" and not wandb.api.api_key:
            raise RuntimeError("mode is online, and there is no WANDB_API_KEY and no login; say `mode: offline`")
        self._wandb = wandb
        # What the process was started with, the code and the machine are not sent: a command line may hold what is secret.
        settings = wandb.Settings(
            console="off", disable_code=True, disable_git=True, x_disable_meta=True, x_disable_stats=True, silent=True
        )
        self._run = wandb.init(
            project=self._project,
            entity=self._entity,
            mode=mode,
            dir=self._folder,
            group=self._group,
            tags=list(self._tags) or None,
            id=run.identity,
            name=run.name,
            resume="allow" if mode == "online" else None,
            config=dict(run.config),
            settings=settings,
        )

    def log(self, step: TrackedStep) -> None:
        """The values over the training's own step: W&B drops a step that is below the last one, and trainings follow each other."""
        axis = f"{step.training}/step"
        if step.training not in self._stepped:
            self._stepped.add(step.training)
            self._run.define_metric(axis)
            self._run.define_metric(f"{step.training}/*", step_metric=axis)
        self._run.log({axis: step.step, **{f"{step.training}/{name}": value for name, value in step.values.items()}})

    def finish(self, outcome: TrackingOutcome) -> None:
        """Scores and verdict as summary, the scores as a table, the report as artifact."""
        summary = self._run.summary
        summary["verdict"], summary["reason"] = outcome.state, outcome.reason
        if outcome.stage:
            summary["stage"] = outcome.stage
        for name, value in outcome.numbers():
            summary[f"scores/{name}"] = value
        if outcome.scores:
            rows = [
                [
                    one.metric,
                    one.system,
                    one.value,
                    one.interval.low if one.interval else None,
                    one.interval.high if one.interval else None,
                    one.n,
                    one.missing or "",
                ]
                for one in outcome.scores
            ]
            self._run.log({"scores": self._wandb.Table(columns=_COLUMNS, data=rows)})
        self._run.notes = "\n".join(outcome_lines(outcome))
        if outcome.report is not None:
            report = self._wandb.Artifact(f"report-{self._run.id}", type="report")
            report.add_dir(str(outcome.report))
            self._run.log_artifact(report)
        self._run.finish(exit_code=1 if outcome.failed else 0)
