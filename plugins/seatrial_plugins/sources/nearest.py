"""The nearest existing name to one that was mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["did_you_mean", "missing_below"]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'train'?`, or "" where no name is near. Case does not count."""
    known = {known.lower(): known for known in sorted(names, reverse=True)}
    near = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {known[near[0]]!r}?" if near else ""


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
