"""The commands. Each answers with an exit code: 0 pass, 1 fail, 2 usage, 3 failed, 4 inconclusive."""

from __future__ import annotations

from typing import Annotated

import typer

import seatrial
from seatrial.commands.context import InterruptedRunError, answer, console_for
from seatrial.commands.exporting import export
from seatrial.commands.installed import plugins, schema, suites
from seatrial.commands.kept_runs import report, runs, verify, why
from seatrial.commands.planning import plan
from seatrial.commands.searching import search
from seatrial.commands.trials import check, data, gate, run, score

__all__ = ["InterruptedRunError", "answer", "app", "console_for"]

app = typer.Typer(
    name="seatrial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Clean the data, train the adapter, attack it, time it, gate it: one verdict on a fine-tuned language model.",
    epilog="Exit codes: 0 pass, 1 a gate failed, 2 usage, 3 a stage failed or a score is missing, 4 inconclusive or no gate.",
)

for _command in (
    run,
    data,
    check,
    plan,
    search,
    score,
    gate,
    export,
    runs,
    report,
    why,
    verify,
    suites,
    plugins,
    schema,
):
    app.command()(_command)


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
