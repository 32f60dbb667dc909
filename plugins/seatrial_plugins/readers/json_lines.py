"""JSON Lines: one JSON value a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import excerpt_of
from seatrial_plugins.readers.lines import Line, read_lines
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.strict_json import StrictJson

__all__ = ["JsonLines"]

_AS_JSON = "are read as .json (`reader: json`)"
_SWALLOWS = 2
"""A broken line of so many times the file's longest whole one may have been several: a bad block takes line ends along."""


class JsonLines:
    """Reads a file line by line; blank lines are no records."""

    suffixes = (".jsonl", ".ndjson")
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._json = StrictJson()

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a line that is not blank; at the end, one for a broken line that may have been several."""
        line = None
        empty = True
        longest = broken = at = 0
        for line in read_lines(file, limit=self._limit):
            if line.problem or not line.text.isspace():
                empty = False
                record, whole = self._record(line)
                # A line over the limit is told by its size alone; only its start is here.
                over = line.problem and not line.text.endswith("\n")
                if whole:
                    longest = max(longest, len(line.text))
                elif not (record.lost or over) and len(line.text) > broken:
                    broken, at = len(line.text), line.number
                yield record
        if longest and broken > _SWALLOWS * longest:
            problem = (
                f"{broken:,} characters, where the longest whole line has {longest:,}: this broken line may hold others"
            )
            yield RawRecord(at, problem=problem, lost=True)
        if empty:
            yield RawRecord(1, problem="the file is empty" if line is None else "the file holds only blank lines")

    def _record(self, line: Line) -> tuple[RawRecord, bool]:
        """The line as a record, and whether it is one value to its end."""
        excerpt = excerpt_of(line.text)
        if line.problem:
            return RawRecord(line.number, problem=line.problem, excerpt=excerpt, lost=line.ends), False
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
        whole = not decoded.broken and decoded.end == len(text)
        return RawRecord(line.number, None if problem else decoded.value, problem, excerpt, lost), whole
