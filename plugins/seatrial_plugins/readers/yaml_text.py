"""The text of a YAML file, as its parser asks for it, with the lines of its characters and what is wrong with each."""

from __future__ import annotations

import bisect
import re
from pathlib import Path

from seatrial_plugins.readers.excerpt import EXCERPT, excerpt_of
from seatrial_plugins.readers.lines import Line, read_lines

__all__ = ["YamlText"]

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class YamlText:
    """A text stream for `yaml.parse`. What lies behind the last record that was given away is forgotten.

    A record longer than twice the limit ends the file: its end could not be found without holding it.
    """

    def __init__(self, file: Path, limit: int) -> None:
        self.problem = ""
        """What ended the file early."""
        self.ended_at = 0
        """The line where it did."""
        self.read_to = 0
        """Characters that the parser was given."""
        self._lines = read_lines(file, limit=limit)
        self._limit = limit
        self._waiting = ""
        # YAML also breaks lines at a carriage return and at U+0085, U+2028, U+2029; other programs' line numbers don't.
        self._starts: list[int] = [0]
        """Where each line starts, from line `_first` on."""
        self._first = 1
        self._kept = ""
        self._kept_from = 0
        self._broken: dict[int, str] = {}

    def read(self, size: int = -1) -> str:
        """The next characters, at most `size`; "" at the end."""
        pieces, room = [self._waiting], max(size, 1) - len(self._waiting)
        while room > 0 and not self.problem and (line := next(self._lines, None)):
            if line.ends:
                self.problem, self.ended_at = line.problem, line.number
                break
            text = self._printable(line)
            pieces.append(text)
            room -= len(text)
        text = "".join(pieces)
        text, self._waiting = text[: max(size, 1)], text[max(size, 1) :]
        self._kept += text
        self.read_to += len(text)
        if len(self._kept) > 2 * self._limit and not self.problem:
            self.ended_at = self._first + len(self._starts) - 2
            self.problem = f"a record is longer than {2 * self._limit:,} characters; what follows here is lost"
            return ""
        return text

    def _printable(self, line: Line) -> str:
        """The line without characters that end the parsing of a whole file; they are its own problem only."""
        found = _UNPRINTABLE.search(line.text)
        problem = line.problem
        if found is not None and not problem:
            problem = f"control character U+{ord(found[0]):04X} at character {found.start() + 1} of the line"
        if problem:
            self._broken[line.number] = problem
        self._starts.append(self._starts[-1] + len(line.text))
        return line.text if found is None else _UNPRINTABLE.sub("\ufffd", line.text)

    def at(self, index: int) -> tuple[int, int]:
        """Line and column of a character, from 1."""
        place = max(bisect.bisect_right(self._starts, index, hi=len(self._starts) - 1) - 1, 0)
        return self._first + place, index - self._starts[place] + 1

    def problem_in(self, first: int, last: int) -> str:
        """The first thing that is wrong with lines, or ""."""
        if not self._broken:
            return ""
        return next((self._broken[line] for line in range(first, last + 1) if line in self._broken), "")

    def excerpt(self, start: int, size: int) -> str:
        """How some characters stand in the file, the first of them."""
        begin = start - self._kept_from
        return excerpt_of(self._kept[begin : begin + min(size, 5 * EXCERPT)])

    def forget(self, before: int) -> None:
        """Let go of what stands before a character."""
        if before - self._kept_from < self._limit // 100:
            return  # copying what is left for each short record would take most of the time
        self._kept = self._kept[before - self._kept_from :]
        self._kept_from = before
        gone = self.at(before)[0] - self._first
        del self._starts[:gone]
        self._first += gone
        for line in [line for line in self._broken if line < self._first]:
            del self._broken[line]
