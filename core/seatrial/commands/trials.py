"""Commands that work on a suite or on what a run left: run, data, check, score, gate."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import seatrial
from seatrial.commands.context import (
    AsJson,
    Blocked,
    Fresh,
    Offline,
    OtherSuite,
    Overrides,
    Quiet,
    RunArgument,
    Runs,
    SuiteArgument,
    answer,
    console_for,
    host_for,
    suite_for,
    watched,
)
from seatrial.errors import SeatrialError, UsageError
from seatrial.runs.launch import launched

if TYPE_CHECKING:
    from seatrial.plugin.host import Host
    from seatrial.runs.result import Result
    from seatrial.runs.shared_training import Leader
    from seatrial.suite.file import Suite
    from seatrial.terminal.console import Console
    from seatrial.training import Launch, SharesTraining

__all__ = ["check", "data", "gate", "run", "score"]


def run(
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
    """Run a suite to its verdict; a run that was interrupted goes on.

    Started by torchrun or accelerate launch, the first process does all but training, which they share.
    """
    launch = launched(os.environ)
    if launch is not None and launch.rank:
        return _take_part(suite, overrides, offline, blocked, launch)
    console = console_for(quiet=quiet, as_json=as_json)
    return console.verdict(
        _run(suite, overrides, console, runs, fresh, offline, blocked, only_data=False, launch=launch)
    )


def data(
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
    """Run a suite's data stages alone: a cleaned dataset, the ledger, a data report, and the verdict of the gates on data;
    the suite needs no model.
    """
    launch = launched(os.environ)
    if launch is not None and launch.rank:  # there is nothing to share
        return 0
    console = console_for(quiet=quiet, as_json=as_json)
    return console.dataset(_run(suite, overrides, console, runs, fresh, offline, blocked, only_data=True))


def check(
    suite: SuiteArgument,
    *,
    overrides: Overrides = None,
    only_data: Annotated[bool, typer.Option("--data", help="What `seatrial data` needs: no model, no scores.")] = False,
    no_sources: Annotated[
        bool, typer.Option("--no-sources", help="Only the file: resolve no source, build nothing.")
    ] = False,
    offline: Offline = False,
    blocked: Blocked = None,
    as_json: AsJson = False,
) -> int:
    """Check a suite before a GPU is touched: every key, source, component and metric."""
    launched(os.environ)
    host = host_for(blocked, offline=offline)
    chosen = suite_for(suite, host, overrides, only_data=only_data)
    lines: Iterable[str]
    if no_sources:
        lines = [f"{suite}: the file is well-formed ({len(chosen.score)} scorers, {len(chosen.gates)} gates)"]
    else:
        from seatrial.runs.preflight import preflight

        lines = preflight(chosen, host, offline=offline, only_data=only_data)
    said = []
    for line in lines:
        said.append(line)
        if not as_json:
            print(line, flush=True)
    if as_json:
        warnings = [line.removeprefix("warning: ") for line in said if line.startswith("warning: ")]
        answer({"suite": chosen.name, "exit_code": 0, "warnings": warnings, "lines": said})
    return 0


def score(
    run_folder: RunArgument,
    *,
    suite: OtherSuite = None,
    overrides: Overrides = None,
    offline: Offline = False,
    blocked: Blocked = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Score a finished run by another suite, from the transcripts that it kept; verdict and reports follow."""
    from seatrial.runs.again import score_again

    console = console_for(quiet=quiet, as_json=as_json)
    host = host_for(blocked, offline=offline)
    host.register(console.progress, name="console", distribution="seatrial", version=seatrial.__version__)
    with watched(console, host):
        result = score_again(
            run_folder, host, suite=suite, overrides=overrides or (), offline=offline, command=sys.argv
        )
    return console.verdict(result)


def gate(
    run_folder: RunArgument,
    *,
    suite: OtherSuite = None,
    overrides: Overrides = None,
    blocked: Blocked = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Hold a saved run against its gates again, or against another suite's: no model, no GPU."""
    from seatrial.runs.again import judge_again

    host = host_for(blocked)
    with watched(None, host):
        result = judge_again(run_folder, host, suite=suite, overrides=overrides or (), command=sys.argv)
    return console_for(quiet=quiet, as_json=as_json).verdict(result)


def _run(
    suite: str,
    overrides: Sequence[str] | None,
    console: Console,
    runs: Path,
    fresh: bool,
    offline: bool,
    blocked: Sequence[str] | None,
    *,
    only_data: bool,
    launch: Launch | None = None,
) -> Result:
    """Run a suite, whole or its data stages, with the console watching."""
    host = host_for(blocked, offline=offline)
    chosen = suite_for(suite, host, overrides, only_data=only_data)
    host.register(console.progress, name="console", distribution="seatrial", version=seatrial.__version__)
    from seatrial.runs import run as trial
    from seatrial.runs.environment import share_cores

    share_cores()
    with watched(console, host), _leading(chosen, host, launch, offline=offline) as leader:
        return trial.run(
            chosen,
            host,
            runs=runs,
            fresh=fresh,
            offline=offline,
            only_data=only_data,
            command=sys.argv,
            leader=leader,
        )


def _method(chosen: Suite, host: Host, launch: Launch, *, offline: bool) -> SharesTraining:
    """The suite's method, whose training a launcher's processes share.

    Raises:
        UsageError: it trains in one process.
    """
    from seatrial.runs.store import cache_folder
    from seatrial.runs.workbench import Workbench
    from seatrial.training import SharesTraining

    assert chosen.train is not None
    bench = Workbench(host, cache=cache_folder(), offline=offline)
    method = bench.build("methods", chosen.train.name, chosen.train.options)
    if not isinstance(method, SharesTraining):
        raise UsageError(
            f"train.method: {chosen.train.name} trains in one process, and a launcher started WORLD_SIZE={launch.world}; start "
            "seatrial alone"
        )
    return method


@contextmanager
def _leading(chosen: Suite, host: Host, launch: Launch | None, *, offline: bool) -> Iterator[Leader | None]:
    """The way to a launcher's other processes, which wait as long as the block lasts."""
    from seatrial.runs.shared_training import Leader

    if launch is None or chosen.train is None:
        yield None
        return
    with Leader.of(_method(chosen, host, launch, offline=offline), launch) as leader:
        yield leader


def _take_part(
    suite: str, overrides: Sequence[str] | None, offline: bool, blocked: Sequence[str] | None, launch: Launch
) -> int:
    """Take part in the trainings of the process of rank 0, which says and decides all."""
    from seatrial.runs.shared_training import follow

    try:
        host = host_for(blocked, offline=offline)
        chosen = suite_for(suite, host, overrides)
        method = _method(chosen, host, launch, offline=offline) if chosen.train is not None else None
    except SeatrialError:
        if launch.rank == launch.local:  # told by rank 0, which comes to the same on this host
            return 0
        raise
    if method is not None:
        with watched(None, host):
            follow(method, launch)
    return 0
