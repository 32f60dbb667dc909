"""Opening a file for reading: decompressed, its encoding looked at before anything is decoded."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "LIMIT",
    "READ_ERRORS",
    "SKIPPED",
    "ByteStream",
    "encoding_problem",
    "open_bytes",
    "read_problem",
    "western_hint",
]

LIMIT = 10_000_000
"""Bytes of one record; a longer one is a problem, and no more of it is held."""

SKIPPED = 200_000_000
"""Bytes that are gone through at most to find the end of a record that is too long: a file of a megabyte can unpack to a
thousand times as many."""

ByteStream = io.BufferedReader | gzip.GzipFile

READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading may raise, compressed data included."""

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"

_PACKED = (
    (b"PK\x03\x04", "a ZIP archive (an Excel workbook is one, too)"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
)
"""How files of other compressions begin."""

_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")


class _PackingError(OSError):
    """The bytes are packed in a way that isn't read, or not as the name promises."""


@contextlib.contextmanager
def open_bytes(file: Path) -> Iterator[ByteStream]:
    """The file's bytes, decompressed where they are gzip, a UTF-8 byte-order mark skipped.

    Raises:
        OSError: it cannot be opened, is named `.gz` and is not gzip, or is compressed in another way or twice.
    """
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(file.open("rb"))
        stream: ByteStream = raw
        start = raw.peek(2)[:2]
        if start == _GZIP:
            stream = stack.enter_context(gzip.GzipFile(fileobj=raw, mode="rb"))
        elif file.name.lower().endswith(".gz"):
            if not start:
                raise EOFError
            what = _packing(raw)
            rest = f" but is {what}; unpack it" if what else " and does not hold gzip data; rename it or compress it"
            raise _PackingError(f"the file is named .gz{rest}")
        if what := _packing(stream):
            raise _PackingError(f"the file is {what}, which readers do not take; unpack it, or compress it with gzip")
        if stream is not raw and stream.peek(2)[:2] == _GZIP:
            raise _PackingError("the file is compressed with gzip twice; unpack it once")
        if stream.peek(3).startswith(_BOM):
            stream.read(3)
        yield stream


def read_problem(error: Exception) -> str:
    """What went wrong while reading, as the problem of the record at that place."""
    if isinstance(error, _PackingError):
        return str(error)
    if isinstance(error, EOFError):
        return "the compressed data ends too early (truncated gzip); what follows here is lost, so fetch the file again"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"the compressed data is damaged ({error}); what follows here is lost, so fetch the file again"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"the file cannot be read: {reason}"


def _packing(stream: ByteStream) -> str:
    """What a file of another compression is, or ""."""
    head = stream.peek(16)[:16]
    found = next((name for mark, name in _PACKED if head.startswith(mark)), "")
    return found or ("compressed with bzip2" if _BZIP2.match(head) else "")


def encoding_problem(head: bytes) -> str:
    """Why bytes that start like this are no UTF-8 text, or ""."""
    for mark, name in ((b"\xff\xfe\x00\x00", "UTF-32"), (b"\x00\x00\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16")):
        if head.startswith(mark):
            return _convert(f"the file is {name} by its byte-order mark", name)
    if head.startswith(b"\xfe\xff"):
        return _convert("the file is UTF-16 by its byte-order mark", "UTF-16")
    for offset, name in ((1, "UTF-16LE"), (0, "UTF-16BE")):
        # Text in Latin letters has a zero in every other byte; UTF-8 text has none at all.
        half, other = head[offset::2], head[1 - offset :: 2]
        if len(head) >= 8 and half.count(0) > 0.6 * len(half) and other.count(0) < 0.1 * len(other):
            return _convert(f"the file seems to be {name} without a byte-order mark", name)
    return ""


def western_hint(byte: int) -> str:
    """What a byte that is no UTF-8 would be in the commonest other encoding, and how to convert a file that is in it."""
    character = bytes([byte]).decode("cp1252", "ignore")
    if not character or byte >= 0xFE:  # bytes that hardly stand in such texts, and often in damaged files
        return ""
    return f"; in Windows-1252 (or Latin-1) it is {character!r}: {_command('WINDOWS-1252')} if the file is in that"


def _convert(what: str, name: str) -> str:
    return f"{what}, not UTF-8; convert it: {_command(name)}"


def _command(name: str) -> str:
    return f"iconv -f {name} -t UTF-8 OLD > NEW"
