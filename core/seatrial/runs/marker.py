"""Marker: what a stage leaves when it is done, with the digest of every file that it wrote; it stands in `nodes/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from seatrial.errors import StoreError
from seatrial.runs.events import Record
from seatrial.runs.plain_files import relative_to
from seatrial.stored import CHANGED, read_record

__all__ = ["Marker", "read_marker"]


@dataclass(frozen=True, slots=True)
class Marker:
    """What stands in it."""

    stage: str
    key: str
    started: str
    seconds: float
    peak_bytes: int
    files: Mapping[str, str]
    """What a node calls a file → its path in the run folder."""
    outputs: Mapping[str, str]
    """Path → digest."""
    contents: Mapping[str, Mapping[str, str]]
    """Of each folder among them: path below it → digest."""
    facts: Mapping[str, Any]
    taken_from: str = ""

    @property
    def record(self) -> Record:
        """The record that it was made of."""
        return Record(
            self.stage,
            self.key,
            datetime.fromisoformat(self.started),
            self.seconds,
            resumed=False,
            peak_bytes=self.peak_bytes,
            outputs=self.outputs,
            facts=self.facts,
            taken_from=self.taken_from,
        )


def read_marker(folder: Path, stored: object, where: str) -> Marker:
    """A marker of a run.

    Raises:
        StoreError: it is damaged, or names files that are not in the run folder.
    """
    mark = read_record(Marker, stored, where)
    for name in (*mark.outputs, *mark.files.values(), *mark.contents):
        relative_to(folder, name)
    try:
        datetime.fromisoformat(mark.started)
    except ValueError as error:
        raise StoreError(f"{where}: started at {mark.started!r:.40}, which is no time{CHANGED}") from error
    return mark
