"""Made weights: what is converted or drawn once into the cache, and held each time against the digest that it got then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from seatrial.runs.store import made_once, write_json
from seatrial_plugins.huggingface.weights import folder_digest

__all__ = ["make_weights"]


def make_weights(folder: Path, cache: Path, make: Callable[[], None]) -> None:
    """Make the model `folder` unless it is there as it was made.

    A folder's name says what it was made from, and not what is in it now: its digest is kept beside it, and what differs,
    or was never finished, is made anew.
    """
    note = folder.with_name(f"{folder.name}.json")
    with made_once(folder, lambda: _digest_then(note) == folder_digest(folder, cache)) as lacking:
        if lacking:
            make()
            write_json(note, {"sha256": folder_digest(folder, cache)})


def _digest_then(note: Path) -> str | None:
    try:
        return str(json.loads(note.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, LookupError, TypeError):
        return None  # not there, or damaged
