"""Earlier runs: what stands below `runs/` already is computed once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from seatrial.runs.events import Artifact, Record
from seatrial.runs.store import RunFolder

__all__ = ["EarlierRuns"]


class EarlierRuns:
    """The run folders below one folder, newest first."""

    def __init__(self, runs: Path | None, but: Path | None = None) -> None:
        self._runs = runs
        self._but = but

    @cached_property
    def _folders(self) -> list[RunFolder]:
        if self._runs is None:
            return []
        found = sorted((path.parent for path in self._runs.glob("*/nodes") if path.is_dir()), reverse=True)
        return [RunFolder(path) for path in found if path != self._but]

    def take(self, folder: RunFolder, node: str, key: str) -> tuple[Record, Artifact] | None:
        """What the newest run with a node of that name and key left of it, linked into `folder`."""
        taken = (folder.take(earlier, node, key) for earlier in self._folders)
        return next((found for found in taken if found is not None), None)
