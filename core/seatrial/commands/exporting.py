"""The command that hands a trained model on: export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.commands.context import AsJson, Blocked, Offline, RunArgument, answer, host_for, warn_of

if TYPE_CHECKING:
    from seatrial.runs.exporting import ExportAs

__all__ = ["export"]


def export(
    run_folder: RunArgument,
    *,
    merged: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The whole model, what was trained folded into its weights.")
    ] = None,
    adapter: Annotated[Path | None, typer.Option(metavar="DIR", help="The adapter alone, as PEFT loads it.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of which training, where there were several.")] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Also where the verdict is FAIL or ERROR; the card says so.")
    ] = False,
    card: Annotated[
        str | None,
        typer.Option(metavar="REPORT", help="The report that the model carries; one about models where none is named."),
    ] = None,
    offline: Offline = False,
    blocked: Blocked = None,
    as_json: AsJson = False,
) -> int:
    """Export what a run trained, with a model card: safetensors that plain transformers and PEFT load."""
    from seatrial.runs.exporting import export_run

    host = host_for(blocked, offline=offline)
    to: dict[ExportAs, Path] = {}
    if merged is not None:
        to["merged"] = merged
    if adapter is not None:
        to["adapter"] = adapter
    folders = export_run(run_folder, host, to=to, seed=seed, failed=failed, card=card, offline=offline)
    if as_json:
        answer({"folder": str(run_folder), "exit_code": 0, "exported": {kind: str(path) for kind, path in to.items()}})
    for folder in () if as_json else folders:
        print(folder)
    warn_of(host)
    return 0
