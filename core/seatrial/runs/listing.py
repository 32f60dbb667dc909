"""Run folders, listed: what stands below `runs/`, and how each ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seatrial.errors import StoreError
from seatrial.runs.digests import verdict_differences
from seatrial.runs.run_folder import RunFolder

__all__ = ["ListedRun", "list_runs"]


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run folder."""

    folder: Path
    suite: str
    started: str
    """ISO 8601; "" where its manifest cannot be read."""
    state: str
    """The verdict's state; `data only`, `unfinished`, `altered`, or `damaged`."""
    reason: str
    """The verdict's, or what it ended with."""


def list_runs(runs: Path) -> list[ListedRun]:
    """Every run folder below `runs`, newest first; a damaged one is listed as such."""
    return sorted(_listed(runs), key=lambda run: (run.started, run.folder.name), reverse=True)


def _listed(runs: Path) -> Iterator[ListedRun]:
    for path in runs.glob("*/manifest.json"):
        folder = RunFolder(path.parent)
        try:
            manifest = folder.read_json("manifest.json")
            state, reason = _ended(folder, finished=bool(manifest.get("finished")))
            yield ListedRun(folder.path, str(manifest.get("suite")), str(manifest.get("started", "")), state, reason)
        except StoreError as error:
            yield ListedRun(folder.path, "", "", "damaged", str(error))


def _ended(folder: RunFolder, *, finished: bool) -> tuple[str, str]:
    if changed := verdict_differences(folder):
        return "altered", f"not as it was written: {', '.join(map(str, changed))}"
    if not finished:
        return "unfinished", folder.last_error() or "the command that started it goes on from where it stopped"
    if not (folder / "verdict.json").is_file():
        return "data only", ""
    verdict = folder.read_json("verdict.json")
    return str(verdict.get("state")), str(verdict.get("reason"))
