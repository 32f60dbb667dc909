"""JSON Lines: one JSON value a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import excerpt_of
from seatrial_plugins.readers.lines import Line, read_lines
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.strict_json import StrictJson

__all__ = ["JsonLines"]

_AS_JSON = "are read as .json (`reader: json`)"
_NEXT = 10_000
"""Lines behind a broken one that tell how long lines are: a file may have any number of them."""
_SWALLOWS = 2
"""A broken line of so many times the file's longest whole one may have been several: a bad block takes line ends along."""


class JsonLines:
    """Reads a file line by line; blank lines are no records."""

    suffixes = (".jsonl", ".ndjson", ".jsonlines")
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._json = StrictJson()

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a line that is not blank, in order."""
        line = None
        empty = True
        longest, known = 0, False
        for line in read_lines(file, limit=self._limit):
            if not line.problem and line.text.isspace():
                continue
            empty = False
            record, whole = self._record(line)
            longest = max(longest, len(line.text) if whole else 0)
            # A line over the limit is told by its size alone; only its start is here.
            if not (whole or record.lost or line.cut) and len(line.text) > _SWALLOWS * longest:
                if not known:  # lines behind it may be as long
                    longest, known = max(longest, self._longest(file, line.number)), True
                if longest and len(line.text) > _SWALLOWS * longest:
                    said = f"so long a line may hold others: the longest whole one has {longest:,} characters"
                    record = replace(record, problem=f"{record.problem}; {said}", lost=True)
            yield record
        if empty:
            yield RawRecord(1, problem="the file is empty" if line is None else "the file holds only blank lines")

    def _longest(self, file: Path, behind: int) -> int:
        """Characters of the longest of the next lines that are one value; 0 where none is."""
        lines = islice(read_lines(file, limit=self._limit), behind, behind + _NEXT)
        return max((len(line.text) for line in lines if self._record(line)[1]), default=0)

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
