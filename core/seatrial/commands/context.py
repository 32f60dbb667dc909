"""What commands have in common: their arguments, the plugins, the suite, the console, and what is said when one ends."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from seatrial.plugin.host import Host
    from seatrial.suite.file import Suite
    from seatrial.terminal.console import Console

__all__ = [
    "AsJson",
    "Blocked",
    "Fresh",
    "InterruptedRunError",
    "Offline",
    "OtherSuite",
    "Overrides",
    "Quiet",
    "RunArgument",
    "Runs",
    "SuiteArgument",
    "answer",
    "console_for",
    "host_for",
    "suite_for",
    "warn_of",
    "watched",
]

_SLOW = 2.0
"""Seconds that the import of a plugin may take unsaid; a built-in one takes some milliseconds."""

SuiteArgument = Annotated[str, typer.Argument(metavar="SUITE", help="A suite file, or the name of an installed suite.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one key of the suite: train.r=8.")
]
Blocked = Annotated[
    list[str] | None, typer.Option("--no-plugin", metavar="NAME", help="Leave a plugin out; it is not even imported.")
]
OtherSuite = Annotated[
    Path | None, typer.Option("--suite", metavar="FILE", help="A suite file in place of the run's own.")
]
Runs = Annotated[Path, typer.Option(help="Where run folders are made.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start anew, even if an unfinished run could go on.")]
Offline = Annotated[bool, typer.Option("--offline", help="Forbid the network to everything.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict and the report's path.")]
AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON on standard output.")]


def host_for(blocked: Sequence[str] | None, *, offline: bool = False) -> Host:
    """The installed plugins; one whose import is slow is named."""
    from seatrial import sources
    from seatrial.plugin.host import Host

    if offline or sources.offline():
        from seatrial.runs.environment import set_offline

        set_offline()
    host = Host.load(blocked=blocked or ())
    for info in host.plugins():
        if info.seconds > _SLOW:
            print(
                f"seatrial: warning: importing plugin {info.name} of {info.distribution} took {info.seconds:.1f} s, as it does "
                "with every command; what is heavy belongs into its components' `build`",
                file=sys.stderr,
            )
    return host


def suite_for(named: str, host: Host, overrides: Sequence[str] | None, *, only_data: bool = False) -> Suite:
    """The suite in a file, or the installed suite of that name."""
    from seatrial.suite.file import find_suite, load_suite

    return load_suite(find_suite(named, host), host, overrides=overrides or (), only_data=only_data)


@contextmanager
def watched(console: Console | None, host: Host) -> Iterator[None]:
    """Whatever ends a run, the console is closed and failures of watchers are told."""
    from seatrial.runs.engines.processes import kill_all
    from seatrial.terminal.ending import as_interrupts, no_more_interrupts

    try:
        with as_interrupts(signal.SIGTERM, signal.SIGHUP) as ended:
            yield
    except KeyboardInterrupt as stop:
        no_more_interrupts()
        kill_all()
        how = f"ended by {ended[0].name}" if ended else "interrupted"
        said = InterruptedRunError(f"{how}; the same command goes on from the last whole stage")
        said.exit_code = 128 + ended[0] if ended else InterruptedRunError.exit_code
        raise said from stop
    finally:
        if console is not None:
            console.progress.close()
        warn_of(host)


def warn_of(host: Host) -> None:
    """Say what watching hooks raised, which stops nothing."""
    for failure, times in Counter(map(str, host.watch_failures)).items():
        print(f"seatrial: warning: {failure}" + (f" ({times} times)" if times > 1 else ""), file=sys.stderr)


def answer(document: object) -> None:
    """Print a JSON document: the answer."""
    from seatrial.terminal.streams import answer_stream

    print(json.dumps(document, indent=1, allow_nan=False), file=answer_stream(), flush=True)


def console_for(*, quiet: bool = False, as_json: bool = False) -> Console:
    """Where a command tells how far it is, as the person or program in front of it reads."""
    from seatrial.terminal.console import Console

    if as_json:
        from seatrial.terminal.streams import answer_stream

        return Console("json", stdout=answer_stream())
    if quiet:
        return Console("quiet")
    return Console("live" if sys.stdout.isatty() else "plain")


class InterruptedRunError(SeatrialError):
    """Ctrl-C in the middle of a run."""

    exit_code = 130
