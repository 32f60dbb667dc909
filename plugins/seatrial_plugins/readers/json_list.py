"""JSON: one list of records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import EXCERPT, excerpt_of
from seatrial_plugins.readers.json_lines import JsonLines
from seatrial_plugins.readers.opening import LIMIT, READ_ERRORS, encoding_problem, open_bytes, read_problem
from seatrial_plugins.readers.strict_json import StrictJson

__all__ = ["JsonList"]

_BLOCK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_UNDECODED = re.compile("[\udc80-\udcff]")
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)


class JsonList:
    """Reads a file that holds one list, or a JSON value a line after all.

    The file's text is held in memory, as a list's end cannot be known before; JSON Lines is read as it comes.
    """

    suffixes = (".json",)
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record an element of the list."""
        text, problem = read_text(file)
        start = _SPACE.match(text).end()  # type: ignore[union-attr]  # it matches everything
        if start == len(text):
            yield RawRecord(1, problem=problem or "the file is empty")
        elif text[start] == "[":
            yield from _elements(text, start, problem, self._limit)
        elif _has_several_values(text, start):
            yield from JsonLines(self._limit).read(file)
        else:
            excerpt = excerpt_of(text[start : start + EXCERPT])
            yield RawRecord(_line_at(text, start), problem=problem or _no_list(text, start), excerpt=excerpt)


def read_text(file: Path) -> tuple[str, str]:
    """The file's text as far as it can be read, and why it cannot be read further; invalid bytes as lone surrogates."""
    blocks: list[bytes] = []
    problem = ""
    try:
        with open_bytes(file) as stream:
            problem = encoding_problem(stream.peek(1024)[:1024])
            while not problem and (block := stream.read1(_BLOCK)):
                blocks.append(block)
    except READ_ERRORS as error:
        problem = read_problem(error)
    return b"".join(blocks).decode("utf-8", "surrogateescape"), problem


def _has_several_values(text: str, start: int) -> bool:
    """Whether a line end and another value follow the first, or the first line is broken but a value starts the next."""
    decoded = StrictJson().decode(text, start)
    if decoded.broken:
        line = text.find("\n", start)
        after = _SPACE.match(text, line if line >= 0 else len(text)).end()  # type: ignore[union-attr]
        return text[start] == "{" and text[after : after + 1] == "{"
    return _SPACE.match(text, decoded.end).end() < len(text)  # type: ignore[union-attr]


def _no_list(text: str, start: int) -> str:
    decoded = StrictJson().decode(text, start)
    if decoded.problem:
        place = (
            f" at line {_line_at(text, decoded.end)}, column {_column_at(text, decoded.end)}" if decoded.broken else ""
        )
        return decoded.problem + place
    kind = "an object" if isinstance(decoded.value, dict) else "one value"
    return f"the top level is {kind}, not a list of records; write the records as a list, or one a line as .jsonl"


class _Piece(NamedTuple):
    """One element of the list, and where the next could be."""

    record: RawRecord
    end: int
    """-1 where it cannot be told where the element ends."""


def _elements(text: str, start: int, problem: str, limit: int) -> Iterator[RawRecord]:
    """The elements of the list that starts at `start`; `problem` is why the text ends where it does."""
    strict = StrictJson()
    line, counted = _line_at(text, start), start
    position = _after_space(text, start + 1)
    if text[position : position + 1] == "]":
        yield RawRecord(line, problem="the list is empty")
        return
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        piece = _element(strict, text, position, line, limit)
        if piece.end < 0:
            yield RawRecord(line, problem=problem or piece.record.problem, excerpt=piece.record.excerpt)
            return
        yield piece.record
        position = _after_space(text, piece.end)
        if text[position : position + 1] == "]":
            after = _after_space(text, position + 1)
            if after < len(text):
                yield RawRecord(
                    _line_at(text, after),
                    problem="text after the end of the list",
                    excerpt=excerpt_of(text[after : after + EXCERPT]),
                )
            if problem:
                yield RawRecord(_line_at(text, after), problem=problem)
            return
        position = _after_space(text, position + 1)
    yield RawRecord(_line_at(text, len(text)), problem=problem or "the list is never closed: the file may be cut off")


def _element(strict: StrictJson, text: str, position: int, line: int, limit: int) -> _Piece:
    decoded = strict.decode(text, position)
    end, problem = decoded.end, decoded.problem
    if not decoded.broken and text[_after_space(text, end) : _after_space(text, end) + 1] not in {",", "]", ""}:
        problem, end = "broken JSON: expecting ',' after the value", -1
        place = decoded.end
    elif decoded.broken:
        place, end = end, -1
    if end < 0:
        end = _end_of_element(text, position)
        at = line + text.count("\n", position, place)
        problem = f"{problem} at line {at}, column {_column_at(text, place)}"
        if end < 0:
            problem = f"{problem}; what follows here is lost"
    elif end - position > limit:
        problem = f"the record is longer than {limit:,} characters"
    elif _UNDECODED.search(text, position, end):
        problem = "invalid UTF-8"
    excerpt = excerpt_of(text[position : end if 0 <= end < position + EXCERPT else position + EXCERPT])
    return _Piece(RawRecord(line, None if problem else decoded.value, problem, excerpt), end)


def _end_of_element(text: str, position: int) -> int:
    """Where the comma or bracket stands that ends a broken element, told by its brackets and strings; -1 for nowhere."""
    depth = 0
    for mark in _STRUCTURE.finditer(text, position):
        if mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1
        if depth < 0 or (depth == 0 and mark[0] == ","):
            return mark.start()
    return -1


def _after_space(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]  # it matches everything


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _column_at(text: str, position: int) -> int:
    return position - text.rfind("\n", 0, position)
