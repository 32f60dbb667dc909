"""Where a path stops to exist, for messages."""

from __future__ import annotations

from pathlib import Path

from seatrial.errors import did_you_mean

__all__ = ["missing_below"]


def missing_below(root: Path, path: Path) -> str:
    """Which part of `path` does not exist, in which folder, and what is near it.

    `root` is an existing folder that `path` lies below.
    """
    folder = root
    for part in path.relative_to(root).parts:
        if folder.is_file():
            return f"{folder} is a file, so there is no {part!r} in it"
        if not (folder / part).exists():
            try:
                names = [entry.name for entry in folder.iterdir()]
            except OSError:
                names = []
            return f"there is no {part!r} in {folder}{did_you_mean(part, names)}"
        folder /= part
    return f"{path} does not exist"
