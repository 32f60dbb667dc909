"""MLflow: a run of an experiment, by its client alone, so that nothing of the process hangs on which run is the active one."""

from __future__ import annotations

import os
import re
import time
from typing import Any
from urllib.parse import urlsplit

from seatrial import TrackedRun, TrackedStep, TrackingOutcome
from seatrial_plugins.tracking.written import flat, outcome_lines

__all__ = ["MlflowRun"]

_TAG = "seatrial.run"
"""By which a run that goes on is found again."""

_AT_ONCE = 100
"""Parameters that a call takes (MLflow's own limit; of metrics it takes more)."""

_LONGEST = 500
"""Characters of a parameter; the whole suite is an artifact."""

_OF_THIS_MACHINE = ("", "file", "sqlite")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_NO_FOLDERS = ("databricks", "databricks-uc", "uc")
"""What MLflow takes for its maker's service."""

_STATUS = {"failed": "FAILED"}


class MlflowRun:
    """Parameters of the suite, metrics of steps and scores, the report as artifact (`seatrial.Tracker`)."""

    def __init__(self, uri: str, experiment: str, run: str | None, uri_env: str | None) -> None:
        self._uri = uri
        self._uri_env = uri_env
        self._experiment = experiment
        self._name = run
        self._client: Any = None
        self._run = ""

    def start(self, run: TrackedRun) -> None:
        """Make the run, or find the one that goes on.

        Raises:
            RuntimeError: the network is forbidden, and MLflow keeps it elsewhere; or the variable that says where is not set.
        """
        if self._uri_env is not None:
            self._uri = os.environ.get(self._uri_env, "")
            if not self._uri:
                raise RuntimeError(f"the variable {self._uri_env}, which `uri_env` names, is not set")
        if run.offline:
            _refuse_remote(self._uri)
        os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_HTTP_REQUEST_MAX_RETRIES="2")
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # or it refuses a folder, which needs no SQLAlchemy
        from mlflow import MlflowClient
        from mlflow.entities import Param

        client = self._client = MlflowClient(tracking_uri=self._uri)
        found = client.get_experiment_by_name(self._experiment)
        experiment = client.create_experiment(self._experiment) if found is None else found.experiment_id
        earlier = client.search_runs([experiment], f"tags.`{_TAG}` = '{run.identity}'")
        if earlier:
            info = earlier[0].info
        else:
            tags = {_TAG: run.identity, "seatrial.suite": run.suite}
            info = client.create_run(experiment, run_name=self._name or run.name, tags=tags).info
        self._run = info.run_id
        if run.offline:
            _refuse_remote(info.artifact_uri)  # an experiment may keep its files elsewhere than its numbers
        if earlier:
            client.update_run(self._run, status="RUNNING")
        else:
            params = [Param(_key(name), value[:_LONGEST]) for name, value in flat(run.config)]
            for start in range(0, len(params), _AT_ONCE):
                client.log_batch(self._run, params=params[start : start + _AT_ONCE])
        client.log_dict(self._run, dict(run.config), "suite.yaml")

    def log(self, step: TrackedStep) -> None:
        """A metric for each value."""
        self._metrics({f"{step.training}/{name}": value for name, value in step.values.items()}, step.step)

    def finish(self, outcome: TrackingOutcome) -> None:
        """A metric for each score, the verdict as tags and text, the report as artifact."""
        self._metrics({f"scores/{name}": value for name, value in outcome.numbers()}, 0)
        self._client.set_tag(self._run, "seatrial.verdict", outcome.state)
        self._client.set_tag(self._run, "seatrial.reason", outcome.reason[:_LONGEST])
        if outcome.stage:
            self._client.set_tag(self._run, "seatrial.stage", outcome.stage)
        text = "\n".join(outcome_lines(outcome))
        self._client.set_tag(self._run, "mlflow.note.content", text[:5000])
        self._client.log_text(self._run, text, "verdict.md")
        if outcome.report is not None:
            self._client.log_artifacts(self._run, str(outcome.report), "report")
        self._client.set_terminated(self._run, _STATUS.get(outcome.state, "FINISHED"))

    def _metrics(self, values: dict[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(_key(name), value, now, step) for name, value in values.items()]
        for start in range(0, len(metrics), _AT_ONCE):
            self._client.log_batch(self._run, metrics=metrics[start : start + _AT_ONCE])


def _refuse_remote(uri: str) -> None:
    address = urlsplit(uri)
    ours = address.scheme.partition("+")[0] in _OF_THIS_MACHINE or address.hostname in _THIS_MACHINE
    if not ours or uri in _NO_FOLDERS:
        where = f"{address.scheme}://{address.hostname or ''}" if address.scheme else uri  # no credentials
        raise RuntimeError(f"the network is forbidden (--offline), and MLflow would keep the run at {where}")


def _key(name: str) -> str:
    """A name of those characters that every store of MLflow's takes."""
    return re.sub(r"[^\w\-. /]", "_", name)
