"""The command that searches a suite's settings of training."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import seatrial
from seatrial.commands.context import (
    AsJson,
    Blocked,
    Fresh,
    Offline,
    Overrides,
    Quiet,
    Runs,
    SuiteArgument,
    console_for,
    host_for,
    suite_for,
    watched,
)
from seatrial.runs.launch import launched

__all__ = ["search"]


def search(
    suite: SuiteArgument,
    *,
    overrides: Overrides = None,
    runs: Runs = Path("runs"),
    fresh: Fresh = False,
    offline: Offline = False,
    blocked: Blocked = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Search a suite's settings of training (`search:`) on its validation rows; `seatrial run` goes on from there."""
    launch = launched(os.environ)
    if launch is not None and launch.rank:  # its trials are not shared
        return 0
    console = console_for(quiet=quiet, as_json=as_json)
    host = host_for(blocked, offline=offline)
    chosen = suite_for(suite, host, overrides)
    host.register(console.progress, name="console", distribution="seatrial", version=seatrial.__version__)
    from seatrial.runs.environment import share_cores
    from seatrial.runs.run import search as to_the_settings

    share_cores()
    with watched(console, host):
        found = to_the_settings(chosen, host, runs=runs, fresh=fresh, offline=offline, command=sys.argv)
    console.found(found)
    return 0
