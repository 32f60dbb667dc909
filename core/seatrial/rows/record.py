"""A record: what a reader found at one place of a file, before it is known to be a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["RawRecord"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """What a reader found at one place of a file."""

    line: int
    """1-based line or row number."""
    value: Any = None
    """The decoded record (usually a mapping); meaningless where `problem` is set."""
    problem: str = ""
    """Why nothing could be decoded here (broken JSON, invalid UTF-8, a line over the limit), or ""."""
    excerpt: str = field(default="", repr=False)
    """The first 200 characters of what stood there."""
    lost: bool = False
    """Whether an unknown number of other records is lost at this place: the file breaks off, cannot be read at all, or this
    record holds what may be several. A run warns of it whatever the share of such records."""
