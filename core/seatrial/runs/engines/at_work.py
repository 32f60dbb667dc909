"""At work: the component that a process is in, noted where another process reads it once the first has died."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["at_work", "keep_note", "keep_note_in", "noted", "noted_in"]

_MOST = 512
"""Bytes of a note."""

_note: int | None = None
"""The file that this process keeps its note in; None in one whose death nobody would ask about."""

_now = ""


def keep_note(path: Path) -> None:
    """From now on, keep at `path` what this process is at."""
    global _note  # noqa: PLW0603 - a process has one
    _note = os.open(path, os.O_CREAT | os.O_WRONLY)


def keep_note_in(descriptor: int) -> None:
    """From now on, keep what this process is at in a file that another process has open too."""
    global _note  # noqa: PLW0603 - a process has one
    _note = descriptor


@contextmanager
def at_work(who: str) -> Iterator[None]:
    """Within the block, `who` is at work, for whoever was before; it is what is noted, whatever ends the process."""
    if _note is None:
        yield
        return
    before = _now
    _write(_note, f"{before}: {who}" if before else who)
    try:
        yield
    finally:
        _write(_note, before)


def noted(path: Path) -> str:
    """What a process was at when it died; empty where it was at nothing."""
    try:
        return path.read_bytes().rstrip(b"\0").decode(errors="ignore")
    except FileNotFoundError:
        return ""


def noted_in(descriptor: int) -> str:
    """What a process noted in a file that this one has open too."""
    return os.pread(descriptor, _MOST, 0).rstrip(b"\0").decode(errors="ignore")


def _write(note: int, who: str) -> None:
    global _now  # noqa: PLW0603 - a process has one
    _now = who
    with suppress(OSError):  # a disk that is full is no reason to stop the work
        os.pwrite(note, who.encode(errors="replace")[:_MOST].ljust(_MOST, b"\0"), 0)
