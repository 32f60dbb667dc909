"""Earlier runs: what stands below `runs/` already is computed once."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path

from seatrial.errors import StoreError
from seatrial.runs import digests, plain_files
from seatrial.runs.events import Artifact, Record
from seatrial.runs.run_folder import RunFolder

__all__ = ["EarlierRuns"]

_log = logging.getLogger(__name__)


class EarlierRuns:
    """The run folders below one folder, newest first."""

    def __init__(self, runs: Path | None, but: Path | None = None) -> None:
        self._runs = runs
        self._but = but
        self._intact: dict[Path, bool] = {}
        self._unsaid: list[str] = []

    @cached_property
    def _folders(self) -> list[RunFolder]:
        if self._runs is None:
            return []
        found = sorted((path.parent for path in self._runs.glob("*/nodes") if path.is_dir()), reverse=True)
        return [RunFolder(path) for path in found if path != self._but]

    def take(self, folder: RunFolder, node: str, key: str) -> tuple[Record, Artifact] | None:
        """What the newest run with a node of that name and key left of it, linked into `folder`.

        Nothing is taken from a run whose files are not what was recorded, which is said.
        """
        holders = (earlier for earlier in self._folders if _holds(earlier, node, key) and self._is_intact(earlier))
        taken = (folder.take(earlier, node, key) for earlier in holders)
        return next((found for found in taken if found is not None), None)

    def warnings(self) -> list[str]:
        """Which runs were refused since this was last asked, and why."""
        said, self._unsaid = self._unsaid, []
        return said

    def _is_intact(self, earlier: RunFolder) -> bool:
        """Whether a run is as it was written; weights are held against their digests where they are taken."""
        if earlier.path not in self._intact:
            try:
                plain_files.refuse_others(earlier.path)
                digests.refuse_altered(earlier, but=digests.DECIDED)
            except (StoreError, OSError) as error:  # one that another process works in may change meanwhile
                self._unsaid.append(f"nothing is taken from an earlier run: {error}")
                _log.warning(self._unsaid[-1])
                self._intact[earlier.path] = False
            else:
                self._intact[earlier.path] = True
        return self._intact[earlier.path]


def _holds(earlier: RunFolder, node: str, key: str) -> bool:
    """Whether a run has something to take; one whose record of it is damaged has not."""
    try:
        record = earlier.record(node)
    except StoreError:
        return False
    return record is not None and record.key == key
