"""Inputs: the sources of rows that a suite names, their files, and which reader takes which file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seatrial.errors import SourceError
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe
from seatrial.sources import Reader, Resolved
from seatrial.suite.keys import DataFileKeys

__all__ = ["PACKED", "Input", "NamedReader", "list_files", "reader_of"]


@dataclass(frozen=True, slots=True)
class Input:
    """One source of rows, and how its files are read."""

    resolved: Resolved
    split: str
    """The set that the suite names it as; "" where rows are split later."""
    file: DataFileKeys
    """How it is read, as the suite says."""
    reader: str | None
    """The name of the suite's reader; None chooses by each file's ending."""


PACKED = frozenset({".zip", ".zst", ".zstd", ".bz2", ".xz", ".7z", ".tar", ".tgz", ".rar", ".xlsx"})
"""Endings of files that a reader's name alone does not help."""


@dataclass(frozen=True, slots=True)
class NamedReader:
    """A reader, built with the suite's options, and who provides it."""

    name: str
    plugin: str
    reader: Reader = field(metadata=RUNTIME)
    recipe: Recipe | None = None
    """How it is built."""


def reader_of(source: Input, file: Path, readers: Mapping[str, NamedReader]) -> NamedReader:
    """The reader that the source names, else the one for the file's ending: `file` is one of `list_files`."""
    if source.reader is not None:
        return readers[source.reader]
    return next(reader for reader in readers.values() if _reads(reader.reader, file))


def list_files(source: Input, readers: Mapping[str, NamedReader]) -> list[Path]:
    """The files of a source that its reader takes, sorted.

    Raises:
        SourceError: no reader is known for the file, or no file of the folder can be read.
    """
    path = source.resolved.path
    if path.is_file():
        if source.reader is None and not any(_reads(reader.reader, path) for reader in readers.values()):
            endings = ", ".join(sorted({ending for reader in readers.values() for ending in _endings(reader.reader)}))
            if path.suffix.lower() in PACKED:
                raise SourceError(
                    f"{source.resolved.address}: no reader takes {path.name!r}: it is packed; unpack it, or compress it with "
                    f"gzip (.gz); readers take {endings}"
                )
            raise SourceError(
                f"{source.resolved.address}: no reader takes {path.name!r} by its ending; name one under `reader:` "
                f"({', '.join(sorted(readers))}), or use one of {endings}"
            )
        return [path]
    wanted = (
        [readers[source.reader].reader]
        if source.reader
        else [reader.reader for reader in readers.values() if reader.reader.by_suffix]
    )
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not file.name.startswith(".") and any(_takes(reader, file) for reader in wanted)
    )
    if not files:
        endings = ", ".join(sorted({ending for reader in wanted for ending in reader.suffixes}))
        raise SourceError(f"{source.resolved.address}: the folder holds no file that can be read ({endings})")
    return files


def _endings(reader: Reader) -> tuple[str, ...]:
    return reader.suffixes if reader.by_suffix else ()


def _takes(reader: Reader, file: Path) -> bool:
    """Whether the file's ending is one of the reader's, compressed or not."""
    return file.name.lower().removesuffix(".gz").endswith(reader.suffixes)


def _reads(reader: Reader, file: Path) -> bool:
    return reader.by_suffix and _takes(reader, file)
