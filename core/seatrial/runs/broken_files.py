"""Broken files: those of which an unknown part could not be read, so that no share of records tells what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seatrial.rows import RawRecord
from seatrial.rows.storable import storable

__all__ = ["BrokenFiles", "broken_warnings"]

NAMED = 3
"""Files of a source that a warning names."""


class BrokenFiles:
    """Those of a reading, each with the first place where records are lost."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str, str], dict[str, object]] = {}

    def add(self, source: str, split: str, file: str, record: RawRecord) -> None:
        """Count what a reader said of a place."""
        said = storable(record.problem) or "more of the file could not be read"
        first = {"source": source, "split": split, "file": file, "line": record.line, "problem": said}
        self._files.setdefault((source, split, file), first)

    def facts(self) -> list[dict[str, object]]:
        """`{source, split, file, line, problem}` of each, as JSON values."""
        return list(self._files.values())


def broken_warnings(broken: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """A sentence for each source of which `BrokenFiles.facts` tell, and its address."""
    sources: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for file in broken:
        sources.setdefault((file["source"], file["split"]), []).append(file)
    for (source, split), files in sources.items():
        named = "; ".join(f"{file['file']}:{file['line']}: {file['problem']}" for file in files[:NAMED])
        rest = len(files) - NAMED
        more = f"; and {rest} more file{'s' if rest > 1 else ''}" if rest > 0 else ""
        meant = f"the {split} rows are" if split else "the rows are"
        do = "Mend the file or fetch it again"
        yield (
            source,
            f"records are lost, nobody can tell how many: {named}{more}. {do}: {meant} only those that were read.",
        )
