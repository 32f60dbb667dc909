"""Made weights: what is converted or drawn once into the cache, and held each time against the digest that it got then."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from seatrial.runs.store import write_json
from seatrial_plugins.huggingface.weights import folder_digest

__all__ = ["make_weights"]


def make_weights(folder: Path, cache: Path, make: Callable[[], None]) -> str:
    """Make the model `folder` unless it is there as it was made; gives a name of its making, another one for each.

    A folder's name says what it was made from, and not what is in it now: its digest is kept beside it, and what differs,
    or was never finished, is made anew. One process makes it, and those that come meanwhile wait until it is there.
    """
    note = folder.with_name(f"{folder.name}.json")
    if (making := _whole(folder, note, cache)) is not None:
        return making
    with _alone(folder):
        if (making := _whole(folder, note, cache)) is None:
            make()
            making = secrets.token_hex(8)
            write_json(note, {"sha256": folder_digest(folder, cache), "making": making})
        return making


def _whole(folder: Path, note: Path, cache: Path) -> str | None:
    """The name of its making, where the folder is there as it was made."""
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        return str(kept["making"]) if kept["sha256"] == folder_digest(folder, cache) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None  # not there, damaged, or just being replaced


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While the block runs, no other process is in one for the same path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o666)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: then both make it, and the last one's stays
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
