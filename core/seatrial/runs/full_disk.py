"""A full disk: libraries fail in ways of their own when they cannot write, and nobody is to blame who is named then."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from seatrial.errors import StageError
from seatrial.terminal.legible import one_line

__all__ = ["refuse_full_disk"]

_NO_SPACE = 1 << 16
"""Bytes left on a disk that is as good as full."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


def refuse_full_disk(folder: Path, stage: str, error: BaseException) -> None:
    """Raises StageError where a stage that writes into a run's folder failed because a disk is full."""
    full = _is_full(folder)
    if not full and not _tells_of_no_space(error):
        return
    disk = f"the disk of {folder}" if full else "a disk"
    raise StageError(
        f"{stage}: no space is left on {disk}; free some, and the same command goes on from the last whole stage "
        f"({one_line(str(error), 160)})"
    ) from error


def _is_full(folder: Path) -> bool:
    """Whether the folder's disk has no space left; not where the folder is gone, which is another trouble."""
    try:
        return shutil.disk_usage(folder).free < _NO_SPACE
    except OSError:
        return False


def _tells_of_no_space(error: BaseException | None) -> bool:
    """Whether the error, or one that it came from, is the system's: no space, or no more of one's quota."""
    while error is not None:
        if isinstance(error, OSError) and (error.errno in _FULL or "No space left" in str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
