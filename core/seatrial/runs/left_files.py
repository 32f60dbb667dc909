"""Left files: what stands in a source's folder, seems to hold data, and is read by nobody."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from seatrial.rows.storable import storable
from seatrial.runs.inputs import PACKED, Input, NamedReader, list_files

__all__ = ["left_files", "left_warning"]

_UNFINISHED = frozenset({".aria2", ".crdownload", ".download", ".incomplete", ".part", ".partial", ".tmp"})
"""Endings of files that are still being fetched, or never were to their end."""

_TABLES = frozenset({".arrow", ".avro", ".feather", ".ods", ".orc", ".tfrecord", ".xls"})

NAMED = 5
"""Files that a warning names."""


def left_files(source: Input, readers: Mapping[str, NamedReader]) -> list[str]:
    """Name and reason of each: it is packed, unfinished, a table that no reader takes, or a link. None of a single file.

    What else stands there (a licence, a description) is no data, and a reader that the suite names chooses among the others.
    """
    root = source.resolved.path
    if root.is_file():
        return []
    read = set(list_files(source, readers))
    found = sorted(Path(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files))
    left = {file.relative_to(root): _reason(file) for file in found if file not in read}
    return [
        f"{storable(name.as_posix())} ({reason})"
        for name, reason in left.items()
        if reason and not any(part.startswith(".") for part in name.parts)
    ]


def left_warning(left: Sequence[str]) -> str:
    """What to say of a source's; there is one at least."""
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    return (
        f"files of the folder were left out: {', '.join(left[:NAMED])}{more}; unpack, fetch or convert them, or take them out "
        "of the folder where they are no data of the suite."
    )


def _reason(file: Path) -> str:
    """Why a file may hold data that is not read, or ""."""
    ending = file.suffix.lower()
    if not file.exists():
        return "a link to nothing"
    if file.is_dir():
        return "a link to a folder" if file.is_symlink() else ""
    if ending in _UNFINISHED:
        return "not fetched to its end"
    if ending in PACKED:
        return "packed"
    return "no reader takes it" if ending in _TABLES else ""
