"""Commands that read finished runs: runs, report, why, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seatrial.commands.context import AsJson, Blocked, RunArgument, answer, console_for, host_for, warn_of

__all__ = ["report", "runs", "verify", "why"]


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

    host = host_for(blocked)
    paths = write_reports(run_folder, host, kinds=kinds, to=to, since=since)
    if as_json:
        answer({"folder": str(run_folder), "exit_code": 0, "files": list(map(str, paths))})
    for path in () if as_json else paths:
        print(path)
    warn_of(host)
    return 0


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
