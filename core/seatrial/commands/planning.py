"""The command that tells what a suite's training will cost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from seatrial.commands.context import (
    AsJson,
    Blocked,
    Offline,
    Overrides,
    Runs,
    SuiteArgument,
    console_for,
    host_for,
    suite_for,
    watched,
)
from seatrial.runs.launch import launched

__all__ = ["plan"]


def plan(
    suite: SuiteArgument,
    *,
    overrides: Overrides = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Train a few steps on the device here, and go by what they take.")
    ] = False,
    methods: Annotated[bool, typer.Option("--methods", help="Plan the other installed methods too.")] = False,
    runs: Runs = Path("runs"),
    offline: Offline = False,
    blocked: Blocked = None,
    as_json: AsJson = False,
) -> int:
    """Tell what a suite's training takes before anything is loaded: memory, time and energy, which cards it fits on, and
    what to change where it doesn't.

    The rows are those of the data stages: taken from an earlier run, or worked for this alone and thrown away.
    """
    launch = launched(os.environ)
    if launch is not None and launch.rank:  # one plan is enough
        return 0
    console = console_for(as_json=as_json)
    host = host_for(blocked, offline=offline)
    chosen = suite_for(suite, host, overrides)
    from seatrial.runs.environment import share_cores
    from seatrial.runs.training_plan import plan_training

    share_cores()
    with watched(console, host):
        planned = plan_training(
            chosen, host, runs=runs, offline=offline, probe=probe, methods=methods, shown=console.progress
        )
    console.training_plan(planned)
    return 0
