"""A window over a file's text: what is decoded next is held, what was read is dropped, so that no file is too large."""

from __future__ import annotations

import codecs
import re

from seatrial_plugins.readers.opening import READ_ERRORS, ByteStream, encoding_problem, read_problem

__all__ = ["TextWindow"]

_BLOCK = 1 << 16
"""Bytes that are read at a time; more where more is held, so that a long record is gone through only twice."""
_SPACE = re.compile("[ \t\r\n\ufeff]*")
"""White space, and the byte-order marks that stand within files which were joined."""


class TextWindow:
    """The text of a file from `position` on, as far as it was read. Invalid bytes stand in it as lone surrogates."""

    def __init__(self, stream: ByteStream) -> None:
        self.text = ""
        self.position = 0
        self.problem = encoding_problem(stream.peek(1024)[:1024])
        """Why the file could not be read further, or ""."""
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._ended = bool(self.problem)
        self._line, self._column, self._marked = 1, 0, 0
        """Where the character at `_marked` stands: its line from 1, and how many characters of it come before."""

    def more(self) -> bool:
        """Read on; False where nothing follows. What stands before the position is forgotten then."""
        while not self._ended:
            try:
                data = self._stream.read1(max(_BLOCK, len(self.text) - self.position))
            except READ_ERRORS as error:
                self.problem, data = read_problem(error), b""
            self._ended = not data
            added = self._decoder.decode(data, final=self._ended)
            if added:
                self.mark()
                self.text = self.text[self.position :] + added
                self.position = self._marked = 0
                return True
        return False

    def mark(self) -> int:
        """The line of the position; places before it are not asked for any more."""
        (self._line, column), self._marked = self.at(self.position), self.position
        self._column = column - 1
        return self._line

    def at(self, place: int) -> tuple[int, int]:
        """Line and column of a character of the window, from 1."""
        lines = self.text.count("\n", self._marked, place)
        if not lines:
            return self._line, self._column + place - self._marked + 1
        return self._line + lines, place - self.text.rfind("\n", self._marked, place)

    def skip_space(self, most: int) -> str:
        """Go past white space, and no further than `most` characters of it; the next character, or "" at the end."""
        start, gone = self.position, 0
        while True:
            self.position = _SPACE.match(self.text, self.position).end()  # type: ignore[union-attr]  # it matches everything
            if self.position < len(self.text):
                return self.text[self.position]
            gone += self.position - start
            if gone > most:
                self.problem = self.problem or f"more than {most:,} characters of white space"
                self._ended = True
                return ""
            if not self.more():
                return ""
            start = self.position
