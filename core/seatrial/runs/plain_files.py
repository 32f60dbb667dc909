"""Plain files: what a run folder may hold, and reading one that somebody else may have made.

A folder that was handed over can hold links that lead out of it, FIFOs that never answer and devices that never end. None
of them is read, and none is written through: a folder that holds one is refused, with the name.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seatrial.errors import StoreError

__all__ = ["MOST", "read_bytes", "read_end", "read_text", "refuse_others", "relative_to"]

MOST = 256 << 20
"""Bytes of a run's JSON or YAML file at most: the longest seen, of a run over two million rows, has 9 MB."""

_SPARSE = 1 << 32
"""Bytes from which on a file that is nearly all holes is no result of a run: going through it takes as long as its length
says, and costs who sent it nothing."""


def refuse_others(folder: Path) -> None:
    """Refuse a folder that holds anything but files and folders.

    Raises:
        StoreError: it holds a link, a FIFO, a socket, a device, or a file that is all but empty for its length.
    """
    for path, status in _below(folder):
        if problem := _problem(status):
            raise StoreError(
                f"{path}: is {problem}, and a run folder holds files and folders only; nothing of it was read or written: "
                "remove it, or get the run folder from who made it"
            )


def _below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # a part of somebody who writes beside
                    continue
                yield Path(entry.path), status
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(entry.path)


def _problem(status: os.stat_result) -> str:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return ""
    if stat.S_ISREG(mode):
        held = status.st_blocks * 512
        sparse = status.st_size >= _SPARSE and held < status.st_size >> 6
        return f"{status.st_size:,} bytes long, of which {held:,} stand on the disk" if sparse else ""
    kinds = ((stat.S_ISLNK, "a link"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "a device")


def relative_to(folder: Path, name: object) -> Path:
    """The path of a file that a run's record names, which is in the run folder.

    Raises:
        StoreError: it leads out of it.
    """
    if not isinstance(name, str) or not name or name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise StoreError(f"{folder}: a record of it names the file {name!r:.80}, which is none of the run folder's")
    return folder / name


def read_bytes(path: Path, most: int = MOST) -> bytes:
    """A file's bytes.

    Raises:
        OSError: it cannot be read; also where it is a link, or no file.
        StoreError: it is longer than `most`.
    """
    with _opened(path) as stream:
        found = stream.read(most + 1)
    if len(found) > most:
        raise StoreError(f"{path}: is longer than {most:,} bytes, which no file of its kind is; it is not read")
    return found


def read_end(path: Path, most: int) -> bytes:
    """The last bytes of a file, however long it is; raises as `read_bytes` does."""
    with _opened(path) as stream:
        stream.seek(max(os.fstat(stream.fileno()).st_size - most, 0))
        return stream.read(most)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a FIFO would be waited for otherwise
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is no file")
        yield stream


def read_text(path: Path, most: int = MOST) -> str:
    """A file's text, UTF-8; raises as `read_bytes` does, and UnicodeDecodeError."""
    return read_bytes(path, most).decode()
