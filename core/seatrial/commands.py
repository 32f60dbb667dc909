"""The commands. Each answers with an exit code: 0 pass, 1 fail, 2 usage, 3 failed, 4 inconclusive."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import seatrial
from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from seatrial.plugin.host import Host
    from seatrial.runs.result import Result
    from seatrial.suite.file import Suite
    from seatrial.terminal.console import Console

__all__ = ["InterruptedRunError", "answer", "app", "console_for"]

_SLOW = 2.0
"""Seconds that the import of a plugin may take unsaid; a built-in one takes some milliseconds."""

app = typer.Typer(
    name="seatrial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Clean the data, train the adapter, attack it, time it, gate it: one verdict on a fine-tuned language model.",
    epilog="Exit codes: 0 pass, 1 a gate failed, 2 usage, 3 a stage failed or a score is missing, 4 inconclusive or no gate.",
)

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


@app.command()
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
    """Run a suite to its verdict; a run that was interrupted goes on."""
    console = console_for(quiet=quiet, as_json=as_json)
    return console.verdict(_run(suite, overrides, console, runs, fresh, offline, blocked, only_data=False))


@app.command()
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
    console = console_for(quiet=quiet, as_json=as_json)
    return console.dataset(_run(suite, overrides, console, runs, fresh, offline, blocked, only_data=True))


@app.command()
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
    host = _host(blocked, offline=offline)
    chosen = _suite(suite, host, overrides, only_data=only_data)
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


@app.command()
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
    host = _host(blocked, offline=offline)
    host.register(console.progress, name="console", distribution="seatrial", version=seatrial.__version__)
    with _watched(console, host):
        result = score_again(
            run_folder, host, suite=suite, overrides=overrides or (), offline=offline, command=sys.argv
        )
    return console.verdict(result)


@app.command()
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

    host = _host(blocked)
    with _watched(None, host):
        result = judge_again(run_folder, host, suite=suite, overrides=overrides or (), command=sys.argv)
    return console_for(quiet=quiet, as_json=as_json).verdict(result)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(metavar="[RUNS]", help="Where run folders are made.")] = Path("runs"),
    *,
    as_json: AsJson = False,
) -> int:
    """List the run folders and their verdicts, newest first."""
    from seatrial.runs.listing import list_runs

    rows = [
        {
            "folder": str(run.folder),
            "suite": run.suite,
            "started": run.started,
            "state": run.state,
            "reason": run.reason,
        }
        for run in list_runs(folder)
    ]
    if as_json:
        answer(rows)
    else:
        console_for().runs(rows)
    return 0


@app.command()
def report(
    run_folder: RunArgument,
    kinds: Annotated[
        list[str] | None, typer.Argument(metavar="[KIND]...", help="Kinds of report; else those of the suite.")
    ] = None,
    *,
    to: Annotated[Path | None, typer.Option(help="Another folder than the run's own report/.")] = None,
    since: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="An earlier run, for what changed since then.")
    ] = None,
    blocked: Blocked = None,
    as_json: AsJson = False,
) -> int:
    """Write the reports of a saved run again."""
    from seatrial.runs.saved import write_reports

    host = _host(blocked)
    paths = write_reports(run_folder, host, kinds=kinds, to=to, since=since)
    if as_json:
        answer({"folder": str(run_folder), "exit_code": 0, "files": list(map(str, paths))})
    for path in () if as_json else paths:
        print(path)
    _warn(host)
    return 0


@app.command()
def why(
    run_folder: RunArgument,
    row: Annotated[str, typer.Argument(metavar="ROW", help="A row's id, the first characters of it, or FILE:LINE.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Tell one row's story: where it was read, all that was found in it, and where it ended."""
    from seatrial.runs.story import tell
    from seatrial.terminal.story import story_document, story_lines

    story = tell(run_folder, row)
    if as_json:
        answer(story_document(story))
    else:
        console_for().lines(story_lines(story))
    return 0


@app.command()
def verify(run_folder: RunArgument, *, as_json: AsJson = False) -> int:
    """Hold every file of a run folder against the digests recorded when it was written: what is altered, missing or added."""
    from seatrial.runs.digests import check as hold

    checked = hold(run_folder)
    if as_json:
        document = {
            "folder": str(run_folder),
            "intact": checked.intact,
            "finished": checked.finished,
            "files": checked.files,
            "sha256": checked.sha256 or None,
            "differences": [{"path": one.path, "what": one.what} for one in checked.differences],
        }
        console_for(as_json=True).document(document)
    else:
        console_for().lines(checked.lines(run_folder))
    return 0 if checked.intact else 3


@app.command()
def suites(*, blocked: Blocked = None, as_json: AsJson = False) -> int:
    """List the installed suites."""
    from seatrial.suite.file import summarise_suite

    rows = [
        {"name": name, "description": summarise_suite(path), "path": str(path)}
        for name, path in _host(blocked).suites().items()
    ]
    if as_json:
        answer(rows)
    else:
        console_for().suites(rows)
    return 0


@app.command()
def plugins(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A component, to be told its options; or one plugin.")
    ] = None,
    *,
    blocked: Blocked = None,
    as_json: AsJson = False,
) -> int:
    """List the installed plugins and what each brings, or tell the options, rules and metrics of one component."""
    from seatrial.plugin.kinds import KINDS

    host = _host(blocked)
    if name is not None and name not in {info.name for info in host.plugins()} | _components(host):
        raise _unknown_part(name, host)
    if name in _components(host):
        return _portraits(host, str(name), as_json=as_json)
    rows = [
        {
            "plugin": info.name,
            "distribution": info.distribution,
            "version": info.version,
            "blocked": info.blocked,
            "import_seconds": round(info.seconds, 3),
            "hooks": list(info.hooks),
            "components": [
                {"kind": kind, "name": component, "summary": provided.component.summary}
                for kind in KINDS
                for component, provided in sorted(host.components(kind).items())
                if provided.plugin == info.name
            ],
        }
        for info in host.plugins()
        if name in {None, info.name}
    ]
    if as_json:
        answer(rows)
    else:
        console_for().plugins(rows)
    return 0


def _components(host: Host) -> set[str]:
    """The names of all components, of whatever kind."""
    from seatrial.plugin.kinds import KINDS

    return {name for kind in KINDS for name in host.names(kind)}


def _portraits(host: Host, name: str, *, as_json: bool) -> int:
    """Tell what is known of the components of that name."""
    from seatrial.suite.portrait import portraits
    from seatrial.terminal.portrait import portrait_document, portrait_lines

    found = portraits(host, name)
    if as_json:
        answer([portrait_document(portrait) for portrait in found])
    else:
        console_for().outline(line for portrait in found for line in portrait_lines(portrait))
    return 0


def _unknown_part(name: str, host: Host) -> SeatrialError:
    from seatrial.errors import UsageError, did_you_mean
    from seatrial.suite.complaints import shown

    hint = did_you_mean(name, sorted({info.name for info in host.plugins()} | _components(host)))
    return UsageError(f"no component and no plugin is called {shown(name)}{hint}; `seatrial plugins` lists them all")


@app.command()
def schema(*, blocked: Blocked = None) -> int:
    """Print the JSON Schema of suite files, with every installed component's options."""
    from seatrial.suite.file import json_schema

    answer(json_schema(_host(blocked)))
    return 0


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
) -> Result:
    """Run a suite, whole or its data stages, with the console watching."""
    host = _host(blocked, offline=offline)
    chosen = _suite(suite, host, overrides, only_data=only_data)
    host.register(console.progress, name="console", distribution="seatrial", version=seatrial.__version__)
    from seatrial.runs import run as trial
    from seatrial.runs.environment import share_cores

    share_cores()
    with _watched(console, host):
        return trial.run(chosen, host, runs=runs, fresh=fresh, offline=offline, only_data=only_data, command=sys.argv)


@contextmanager
def _watched(console: Console | None, host: Host) -> Iterator[None]:
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
        _warn(host)


def _warn(host: Host) -> None:
    """Say what watching hooks raised, which stops nothing."""
    for failure, times in Counter(map(str, host.watch_failures)).items():
        print(f"seatrial: warning: {failure}" + (f" ({times} times)" if times > 1 else ""), file=sys.stderr)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"seatrial {seatrial.__version__}")
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Nothing to do before a command."""
    del version


def _host(blocked: Sequence[str] | None, *, offline: bool = False) -> Host:
    from seatrial.plugin.host import Host

    if offline:
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


def _suite(named: str, host: Host, overrides: Sequence[str] | None, *, only_data: bool = False) -> Suite:
    """The suite in a file, or the installed suite of that name."""
    from seatrial.suite.file import find_suite, load_suite

    return load_suite(find_suite(named, host), host, overrides=overrides or (), only_data=only_data)


class InterruptedRunError(SeatrialError):
    """Ctrl-C in the middle of a run."""

    exit_code = 130
