"""Checkpoints: whole or not there, and of this very training."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from seatrial.runs.store import write_json

__all__ = ["keep_newest", "mark_whole", "newest_checkpoint"]

_MARK = "whole.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def mark_whole(checkpoint: Path, fingerprint: str) -> None:
    """Say, after everything else was written, that a checkpoint is whole and which training it belongs to."""
    sizes = {file.name: file.stat().st_size for file in sorted(checkpoint.iterdir()) if file.is_file()}
    write_json(checkpoint / _MARK, {"fingerprint": fingerprint, "sizes": sizes})


def keep_newest(folder: Path, count: int) -> None:
    """Remove all checkpoints but the newest. The Trainer would go by their times, and warn where these are too close."""
    found = sorted((int(name[1]), path) for path in folder.iterdir() if (name := _NAME.fullmatch(path.name)))
    for _, path in found[:-count]:
        shutil.rmtree(path)


def newest_checkpoint(folder: Path, fingerprint: str) -> Path | None:
    """The newest whole checkpoint of this training; broken ones and those of another training are removed."""
    found: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        name = _NAME.fullmatch(path.name)
        if name and _is_whole(path, fingerprint):
            found.append((int(name[1]), path))
        else:
            shutil.rmtree(path, ignore_errors=True)
    return max(found)[1] if found else None


def _is_whole(checkpoint: Path, fingerprint: str) -> bool:
    try:
        mark = json.loads((checkpoint / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if mark.get("fingerprint") != fingerprint:
        return False
    return all(
        (checkpoint / name).is_file() and (checkpoint / name).stat().st_size == size
        for name, size in mark["sizes"].items()
    )
