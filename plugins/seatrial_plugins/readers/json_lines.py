"""JSON Lines: one JSON value a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import excerpt_of
from seatrial_plugins.readers.lines import Line, read_lines
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.strict_json import StrictJson

__all__ = ["JsonLines"]

_AS_JSON = "are read as .json (`reader: json`)"
_SWALLOWS = 2
"""A broken line of so many times the longest whole one before it may have been several: a bad block takes line ends along."""


class JsonLines:
    """Reads a file line by line; blank lines are no records."""

    suffixes = (".jsonl", ".ndjson")
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._json = StrictJson()

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a line that is not blank."""
        line = None
        empty = True
        longest = 0
        for line in read_lines(file, limit=self._limit):
            if line.problem or not line.text.isspace():
                empty = False
                record = self._record(line)
                if not record.problem:
                    longest = max(longest, len(line.text))
                elif longest and self._limit > len(line.text) > _SWALLOWS * longest:
                    record = replace(record, lost=True)
                yield record
        if empty:
            yield RawRecord(1, problem="the file is empty" if line is None else "the file holds only blank lines")

    def _record(self, line: Line) -> RawRecord:
        excerpt = excerpt_of(line.text)
        if line.problem:
            return RawRecord(line.number, problem=line.problem, excerpt=excerpt, lost=line.ends)
        text = line.text.strip(" \t\r\n")
        decoded = self._json.decode(text)
        problem, lost = decoded.problem, False
        indent = len(line.text) - len(line.text.lstrip(" \t\r\n"))
        if decoded.broken:
            problem = f"{problem} at column {indent + decoded.end + 1}"
            if text in {"{", "["}:
                problem += f"; values that run over several lines {_AS_JSON}"
            elif decoded.cut and not line.text.endswith("\n"):
                problem, lost = f"{problem}: the file ends within this line", True
        elif not problem and decoded.end != len(text):
            problem = f"broken JSON: more text after the value at column {indent + decoded.end + 1}"
            if text[decoded.end :].lstrip(" \t\r,")[:1] in {"{", "["}:
                problem, lost = f"{problem}; values side by side {_AS_JSON}", True
        return RawRecord(line.number, None if problem else decoded.value, problem, excerpt, lost)
