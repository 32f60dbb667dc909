"""The commands that work on a run folder, as the attack harness tries them."""

import json

from seatrial.errors import SeatrialError
from seatrial.runs.again import judge_again, score_again
from seatrial.runs.digests import check
from seatrial.runs.listing import list_runs
from seatrial.runs.run import run
from seatrial.runs.saved import write_reports
from seatrial.runs.story import tell
from seatrial.suite.file import load_suite
from seatrial.verdict.evidence import earlier_runs

from .limits import in_time


def resume(folder, host, trial):
    """The command that started the run, which finds it unfinished."""
    path = folder / "manifest.json"
    if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 20:
        manifest = json.loads(path.read_text())
        manifest.pop("finished", None)
        path.write_text(json.dumps(manifest))
    return run(load_suite(trial / "suite.yaml", host), host, runs=folder.parent, cache=trial / "cache")


def beside(folder, host, trial):
    """Another run of the same suite, which takes from this one what it can."""
    return run(load_suite(trial / "suite.yaml", host), host, runs=folder.parent, cache=trial / "cache")


COMMANDS = {
    "report": lambda run, host, trial: write_reports(run, host, kinds=None, to=None),
    "gate": lambda run, host, trial: judge_again(run, host),
    "score": lambda run, host, trial: score_again(run, host, cache=trial / "cache"),
    "why": lambda run, host, trial: tell(run, "rows.jsonl:1"),
    "verify": lambda run, host, trial: check(run),
    "runs": lambda run, host, trial: list_runs(run.parent),
    "baseline": lambda run, host, trial: earlier_runs(run.parent)(run.name, "right"),
    "resume": resume,
    "beside": beside,
}


def tried(command, run, host, trial):
    """The message of the error that a command ends with; "" where it works. Raises what is none of ours."""
    with in_time():
        try:
            COMMANDS[command](run, host, trial)
        except SeatrialError as error:
            return str(error) if error.exit_code in {2, 3} else f"exit code {error.exit_code}"
    return ""
