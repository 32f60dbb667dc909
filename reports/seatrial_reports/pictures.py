"""Pictures: the images of a run's rows, found by their digests and shown within bounds."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seatrial.blocks import Examples
from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial_reports.handed import every_block

__all__ = ["EACH", "TOGETHER", "Picture", "copied", "embedded", "find_pictures"]

EACH = 512 * 1024
"""Bytes of a picture that is embedded in a page, …"""

TOGETHER = 8 * 1024 * 1024
"""… and of all of them: a page is opened as a whole."""

_FOLDER = "data/images"

_DIGEST = re.compile("[0-9a-f]{8,128}")

_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"BM": "bmp"}
"""How the file begins → what it is. Only what draws and does nothing else: no SVG, whatever a file's name says."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of the run folder."""

    path: Path
    kind: str
    size: int


def find_pictures(result: Result, also: Iterable[str] = ()) -> dict[str, Picture]:
    """Digest → image, of those that blocks name, and `also`, and that lie in the run's folder."""
    digests = (
        digest
        for _, block in every_block(result)
        if isinstance(block, Examples)
        for item in block.items
        for digest in item.pictures
    )
    named = [digest for digest in (*digests, *also) if _DIGEST.fullmatch(digest)]
    found = {digest: _find(result.folder / _FOLDER, digest) for digest in dict.fromkeys(named)}
    return {digest: picture for digest, picture in found.items() if picture is not None}


def _find(folder: Path, digest: str) -> Picture | None:
    """A digest is hexadecimal, as blocks are checked for, so that it leads out of no folder; nor does a link."""
    for path in sorted(folder.glob(f"{digest}.*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as stream:
            kind = _kind(stream.read(16))
        if kind:
            return Picture(path, kind, path.stat().st_size)
    return None


def _kind(begins: bytes) -> str:
    if begins[:4] == b"RIFF" and begins[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _KINDS.items() if begins.startswith(magic)), "")


def embedded(pictures: Mapping[str, Picture]) -> dict[str, str]:
    """Digest → `data:` address, of as many as a page may hold."""
    room, found = TOGETHER, {}
    for digest, picture in pictures.items():
        if picture.size > min(EACH, room):
            continue
        room -= picture.size
        found[digest] = f"data:image/{picture.kind};base64,{base64.b64encode(picture.path.read_bytes()).decode()}"
    return found


def copied(pictures: Mapping[str, Picture], folder: Path) -> Iterator[Path]:
    """Copies of them beside a document, in `images/`."""
    for digest, picture in pictures.items():
        path = folder / "images" / f"{digest}.{picture.kind}"
        with atomic_file(path) as part:
            shutil.copyfile(picture.path, part)
        yield path
