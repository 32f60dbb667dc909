"""Files that a suite names for a task: task files, rows, code; nothing is fetched, and no package is imported."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.runs.store import digest_path

__all__ = ["digests", "find", "is_address"]

_SCHEMES = ("path:", "package:")


def is_address(text: str) -> bool:
    """Whether it names a file or folder, and not a task."""
    return text.startswith(_SCHEMES)


def find(address: str, of: str) -> Path:
    """The file or folder of `path:FILE` (from the folder in which seatrial runs) or `package:MODULE/FILE`.

    Args:
        address: as the suite writes it.
        of: the option that names it, for errors.

    Raises:
        UsageError: it is no such address, or nothing is there.
    """
    scheme, _, rest = address.partition(":")
    if scheme not in {"path", "package"} or not rest:
        raise UsageError(
            f"lm_eval: {of}: {address!r} is no file; write path:FILE or package:MODULE/FILE. Nothing is fetched from a hub: "
            "get the rows beforehand"
        )
    path = Path(rest).absolute() if scheme == "path" else _in_package(rest, address, of)
    if not path.exists():
        raise UsageError(f"lm_eval: {of}: {address}: there is no {path}")
    return path


def _in_package(rest: str, address: str, of: str) -> Path:
    top, _, below = rest.partition("/")
    if ".." in Path(below).parts or not top.isidentifier():
        raise UsageError(f"lm_eval: {of}: {address} names no file of a package; write package:MODULE/FILE")
    spec = importlib.util.find_spec(top)  # of a top-level name: nothing is imported
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    if not folders:
        raise UsageError(f"lm_eval: {of}: {address}: no package {top!r} is installed")
    return next((folder / below for folder in folders if (folder / below).exists()), folders[0] / below)


def digests(paths: list[Path]) -> dict[str, str]:
    """Folder and name of each file → its digest, wherever the folder lies; with more folders where two files have one such name."""
    return {name: digest_path(path) for name, path in _named(sorted(set(paths)), 2).items()}


def _named(paths: Sequence[Path], depth: int) -> dict[str, Path]:
    """Each path under its last parts, as many as tell it from the others."""
    by_name: dict[str, list[Path]] = {}
    for path in paths:
        by_name.setdefault("/".join(path.parts[-depth:]), []).append(path)
    return {
        name: path
        for short, those in by_name.items()
        for name, path in ({short: those[0]} if len(those) == 1 else _named(those, depth + 1)).items()
    }
