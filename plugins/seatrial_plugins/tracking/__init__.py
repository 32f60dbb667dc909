"""Tracking: services that keep runs beside each other. None is needed, and none is imported before a suite names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from seatrial import Component, Tracker, hookimpl

__all__ = ["mlflow", "seatrial_trackers", "tensorboard", "trackio", "wandb"]

_DATABASE = re.compile(r"(sqlite|postgresql|mysql|mssql)[+:]")


def tensorboard(*, folder: str = "tensorboard") -> Tracker:
    """Event files for TensorBoard, a folder for each run: `tensorboard --logdir tensorboard`.

    TensorBoard keeps no files of others: the report stands beside the events, and report.md is shown as text.

    Args:
        folder: where the runs' folders are made, from the folder in which seatrial runs.
    """
    from seatrial_plugins.tracking.tensorboard_events import TensorboardEvents

    return TensorboardEvents(folder)


def mlflow(
    *,
    uri: str = "sqlite:///mlflow.db",
    uri_env: str | None = None,
    experiment: str = "seatrial",
    run: str | None = None,
) -> Tracker:
    """A run of an MLflow experiment; a run that goes on is the same one.

    Args:
        uri: where MLflow keeps it: a database, a folder (`file:mlruns`), or a server (`https://…`), whose credentials MLflow
            takes from the environment (MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN).
        uri_env: the variable that holds `uri`, such as that of a database with a password.
        experiment: the experiment's name; it is made where there is none.
        run: what the run is called; the run folder's name where nothing is said.
    """
    from seatrial_plugins.tracking.mlflow_run import MlflowRun

    return MlflowRun(uri, experiment, run, uri_env)


def wandb(
    *,
    project: str = "seatrial",
    entity: str | None = None,
    mode: Literal["offline", "online"] = "offline",
    folder: str = ".",
    group: str | None = None,
    tags: list[str] | None = None,
) -> Tracker:
    """A run of Weights & Biases. Offline, it is kept on disk, and needs no account; `wandb sync` sends it later.

    Args:
        project: the project's name.
        entity: the user or team that it belongs to; the account's own where nothing is said.
        mode: `online` needs WANDB_API_KEY, or a login made before: nobody is asked for one. Where the network is forbidden
            (`--offline`) it is offline.
        folder: where the folder `wandb` is made, from the folder in which seatrial runs.
        group: what groups the run with others.
        tags: the run's tags.
    """
    from seatrial_plugins.tracking.wandb_run import WandbRun

    return WandbRun(project, entity, mode, folder, group, tags or [])


def trackio(*, project: str = "seatrial", group: str | None = None, folder: str | None = None) -> Tracker:
    """A run of Trackio, in its local database: `trackio show --project seatrial`.

    Args:
        project: the project's name.
        group: what groups the run with others.
        folder: where its database is kept; where nothing is said, TRACKIO_DIR or Trackio's own place.
    """
    from seatrial_plugins.tracking.trackio_run import TrackioRun

    return TrackioRun(project, group, folder)


def _of_mlflow(uri: str, **_: Any) -> Mapping[str, str]:
    """What MLflow imports for a store: MLflow itself asks for none of what a database needs."""
    needed = {"mlflow": "mlflow-skinny"}
    return {**needed, "sqlalchemy": "sqlalchemy", "alembic": "alembic"} if _DATABASE.match(uri) else needed


@hookimpl
def seatrial_trackers() -> Iterable[Component[Tracker]]:
    """The four trackers."""
    yield Component(
        "tensorboard",
        tensorboard,
        "Event files for TensorBoard.",
        libraries=("tensorboard",),
        imports={"tensorboard": "tensorboard"},
    )
    yield Component(
        "mlflow",
        mlflow,
        "A run of an MLflow experiment: a local database, or a server.",
        libraries=("mlflow", "mlflow-skinny"),
        imports=_of_mlflow,
    )
    yield Component(
        "wandb",
        wandb,
        "A run of Weights & Biases: offline, or in an account.",
        libraries=("wandb",),
        imports={"wandb": "wandb"},
    )
    yield Component(
        "trackio",
        trackio,
        "A run of Trackio, in its local database.",
        libraries=("trackio",),
        imports={"trackio": "trackio"},
    )
