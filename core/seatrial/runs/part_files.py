"""Part files: what is being written, under a name of its own until it is whole.

Each has a name that nobody can know before, and is made exclusively (O_EXCL, O_NOFOLLOW): neither a link that waits in a
given folder nor another process that writes the same is ever written through. Its maker holds a lock on it for as long as
it lives, which tells parts of killed processes from those of processes at work.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["clear_abandoned", "is_part", "part_file", "part_folder"]

_NAME = re.compile(r"\.(?P<of>.+)\.[0-9a-f]{16}\.part")

_NEW = 60.0
"""Seconds within which a part may have been made and not yet locked, where others may write beside."""


def is_part(name: str, of: str | None = None) -> bool:
    """Whether a file's name is that of a part; of a part of the file `of`, where that is given."""
    found = _NAME.fullmatch(name)
    return found is not None and of in {None, found["of"]}


@contextlib.contextmanager
def part_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, to be written and renamed; what is left of it goes with the block."""
    part = _named(path)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    with _held(os.open(part, flags, 0o666)):
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def part_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside `path`, to be filled and renamed; what is left of it goes with the block."""
    part = _named(path)
    part.mkdir()
    with _held(os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)):
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)


def clear_abandoned(folder: Path, of: str | None = None, *, older: float = _NEW) -> None:
    """Remove the parts in a folder that a process left which was killed: those that nobody holds.

    Args:
        folder: where to look; not below it.
        of: only parts of the file of that name.
        older: seconds for which they must not have been touched.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for part in [Path(entry.path) for entry in entries if is_part(entry.name, of)]:
            with contextlib.suppress(OSError):
                if time.time() - part.lstat().st_mtime >= older:
                    _remove_unheld(part)


def _remove_unheld(part: Path) -> None:
    descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink()
    finally:
        os.close(descriptor)


def _named(path: Path) -> Path:
    clear_abandoned(path.parent, path.name)
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


@contextlib.contextmanager
def _held(descriptor: int) -> Iterator[None]:
    try:
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is taken for abandoned either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
