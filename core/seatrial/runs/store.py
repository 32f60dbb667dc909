"""What is kept on disk: files and folders that are written whole or not at all, what they are digested to, and the cache.

A file is written under a temporary name, synced and renamed; a folder likewise. Notes of what takes long are lines that are added.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seatrial.runs.part_files import part_file, part_folder

__all__ = [
    "JsonLines",
    "atomic_file",
    "atomic_folder",
    "cache_folder",
    "contents",
    "digest_json",
    "digest_path",
    "json_text",
    "write_json",
]

_HALF = re.compile("[\ud800-\udfff]")
"""Halves of characters (lone surrogates), which no file in UTF-8 holds."""


def cache_folder() -> Path:
    """Where converted weights and other derived files are kept between runs: `$SEATRIAL_CACHE`, else the user's cache."""
    if named := os.environ.get("SEATRIAL_CACHE"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "seatrial"


def digest_json(value: object) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys, no white space); equal values give equal digests."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_path(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder, over its files' relative paths and digests."""
    if path.is_dir():
        return digest_json(contents(path))
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def contents(folder: Path) -> dict[str, str]:
    """Relative path → digest, of every file in a folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): digest_path(file) for file in files}


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with part_file(path) as part:
        yield part
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
        _sync_folder(path.parent)


@contextlib.contextmanager
def atomic_folder(path: Path, *, anew: bool = False) -> Iterator[Path]:
    """An empty temporary folder beside `path` that replaces `path` when the block ends well.

    With `anew`, only where nothing is there by then but an empty folder.

    Raises:
        OSError: with `anew`, something is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with part_folder(path) as part:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
        if path.exists() and not anew:
            shutil.rmtree(path)
        part.replace(path)  # which takes the place of an empty folder, and of no other
        _sync_folder(path.parent)


def write_json(path: Path, value: object) -> None:
    """Write strict JSON (no NaN), atomically."""
    text = json_text(value)
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")


class JsonLines:
    """A file of JSON objects, a line each, noted as they come. A kill leaves all but the last line whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        if file.is_file() and not file.read_bytes().endswith(b"\n"):
            with file.open("a", encoding="utf-8") as stream:
                stream.write("\n")  # what follows the line that a kill cut off is a line of its own

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """What stands there; a line that is no JSON object is left aside."""
        if not self._file.is_file():
            return
        for line in self._file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict):
                yield said

    def note(self, record: Mapping[str, object]) -> None:
        """Add one."""
        with self._file.open("a", encoding="utf-8") as stream:  # closed each time: a kill loses nothing
            stream.write(json.dumps(record) + "\n")


def json_text(value: object) -> str:
    """What `write_json` writes."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return text if text.isascii() or not _HALF.search(text) else _HALF.sub("\ufffd", text)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
