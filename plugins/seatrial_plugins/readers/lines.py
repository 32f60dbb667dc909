"""Lines of a text file, numbered, decoded, and each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seatrial_plugins.readers.excerpt import EXCERPT
from seatrial_plugins.readers.opening import (
    LIMIT,
    READ_ERRORS,
    SKIPPED,
    ByteStream,
    encoding_problem,
    open_bytes,
    read_problem,
    western_hint,
)

__all__ = ["Line", "read_lines"]

_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One physical line."""

    number: int
    """1-based."""
    text: str
    """With its line end. Invalid bytes are replaced."""
    problem: str = ""
    ends: bool = False
    """Whether the problem is the file's, so that nothing follows."""
    cut: bool = False
    """Whether it is over the limit, and this its start."""


def read_lines(file: Path, *, limit: int = LIMIT) -> Iterator[Line]:
    """Every line of the file; never an exception. No more than `limit` bytes of a line are held."""
    number = 1
    try:
        with open_bytes(file) as stream:
            problem = encoding_problem(stream.peek(1024)[:1024])
            if problem:
                yield Line(1, "", problem, ends=True)
                return
            while data := stream.readline(limit + 1):
                yield _line(number, data, limit)
                if len(data) > limit and not _skip_rest(stream, data):
                    yield Line(
                        number,
                        "",
                        f"the line is longer than {SKIPPED:,} bytes, and no more of the file is read",
                        ends=True,
                    )
                    return
                number += 1
    except READ_ERRORS as error:
        yield Line(number, "", read_problem(error), ends=True)


def _line(number: int, data: bytes, limit: int) -> Line:
    if len(data) > limit:
        start = data[: 4 * EXCERPT].decode("utf-8", "replace")
        return Line(number, start, f"the line is longer than {limit:,} bytes", cut=True)
    data = data.removeprefix(_BOM)  # files with byte-order marks that were joined
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        where = f"byte {error.start + 1} of the line (0x{byte:02x})"
        return Line(number, data.decode("utf-8", "replace"), f"invalid UTF-8 at {where}{western_hint(byte)}")
    if "\0" in text:
        return Line(number, text, f"a NUL byte at character {text.index(chr(0)) + 1} of the line")
    return Line(number, text)


def _skip_rest(stream: ByteStream, data: bytes) -> bool:
    """Read on to the line's end, a block at a time; whether it comes before too much was gone through."""
    gone = len(data)
    while data and not data.endswith(b"\n"):
        data = stream.readline(_BLOCK)
        gone += len(data)
        if gone > SKIPPED:
            return False
    return True
