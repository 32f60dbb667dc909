"""Folder files: whether what lies in a model's folder can be read to its end.

A FIFO, a device or a link to one is opened like a file, and reading it never ends; no library looks before it opens.
"""

from __future__ import annotations

import stat
from pathlib import Path

from seatrial.errors import SourceError

__all__ = ["check_file", "check_folder"]

_READ_WHOLE = frozenset({".jinja", ".json", ".model", ".txt"})
"""Files that are parsed in memory: configs, tokenizers, templates, indexes."""

_LARGEST = 256 << 20
"""Bytes of one of these; the largest known, a tokenizer of 262,144 tokens, has 33 million."""

_NOT_STORED = ("/proc", "/sys")
"""What looks like a file below these is made up while it is read, and may have no end."""


def check_folder(folder: Path) -> None:
    """Refuse a folder with an entry that is neither a folder nor a file of bounded size, followed through links.

    Raises:
        SourceError: which entry, or why the folder cannot be listed.
    """
    try:
        entries = sorted(folder.iterdir())
        templates = folder / "additional_chat_templates"
        entries += sorted(templates.iterdir()) if templates.is_dir() else []
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed: {(error.strerror or str(error)).lower()}") from error
    for entry in entries:
        if entry.exists():  # a link to nothing, or in a circle, is an error to whoever opens it, and not endless
            check_file(entry)


def check_file(path: Path) -> None:
    """Refuse what is no folder and no file of bounded size, followed through links.

    Raises:
        SourceError: it is something else, such as a FIFO, too large to be what its name says, or not there.
    """
    try:
        target = path.resolve()
        found = target.stat()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path}: cannot be read: {reason.lower()}") from error
    if stat.S_ISDIR(found.st_mode):
        return
    if not stat.S_ISREG(found.st_mode) or any(target.is_relative_to(place) for place in _NOT_STORED):
        what = "is a link to" if path.is_symlink() else "is"
        raise SourceError(f"{path}: {what} no stored file, and reading it might never end; take it away")
    if path.suffix.lower() in _READ_WHOLE and found.st_size > _LARGEST:
        raise SourceError(
            f"{path}: has {found.st_size:,} bytes, and is read into memory as a whole; {_LARGEST:,} are the most"
        )
