"""JSON: one list of records, or values one after the other."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path

from seatrial import RawRecord
from seatrial_plugins.readers.excerpt import EXCERPT, excerpt_of
from seatrial_plugins.readers.json_lines import JsonLines
from seatrial_plugins.readers.opening import LIMIT, READ_ERRORS, SKIPPED, open_bytes, read_problem
from seatrial_plugins.readers.strict_json import Decoded, StrictJson
from seatrial_plugins.readers.text_window import TextWindow

__all__ = ["JsonList"]

_UNDECODED = re.compile("[\udc80-\udcff]")
_OUTSIDE = re.compile(r'[\[\]{},"]')
"""What counts outside a string."""
_INSIDE = re.compile(r'\\|"')
"""What counts in a string."""
_NEXT_VALUE = re.compile("\n\ufeff?[{\\[]")
_BEGINNING = re.compile(r'\{\s*("(?:[^"\\]|\\.){0,200}")\s*:')
_NEVER = re.compile(r"(?!)")
_DESCRIBED = 10
"""Objects in a list that an object which only describes data may hold, such as its splits."""
_SEVERAL = "other records may have been read as part of it"


class JsonList:
    """Reads a file that holds a list, lists that were joined, objects one after the other, or a JSON value a line.

    No more of it is held than a record may be long.
    """

    suffixes = (".json",)
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record an element of the list."""
        try:
            with open_bytes(file) as stream:
                window = TextWindow(stream)
                lines = yield from _Reading(window, self._limit).records()
        except READ_ERRORS as error:
            yield RawRecord(1, problem=read_problem(error), lost=True)
            return
        if lines:
            yield from JsonLines(self._limit).read(file)


class _Reading:
    """The state of reading one file."""

    def __init__(self, window: TextWindow, limit: int) -> None:
        self._window = window
        self._limit = limit
        self._json = StrictJson()

    def records(self) -> Generator[RawRecord, None, bool]:
        """The file's records; returns whether they are to be read as JSON Lines instead, of which none is given."""
        window = self._window
        start = self._skip_space()
        if not start:
            yield RawRecord(1, problem=window.problem or "the file is empty", lost=bool(window.problem))
        elif start == "[":
            yield from self._lists()
        elif start == "{":
            return (yield from self._values())
        else:
            first = self._decode()
            yield self._no_list(first, window.mark(), self._excerpt(first))
        return False

    # ---- lists ----------------------------------------------------------------------------------------------------

    def _lists(self) -> Iterator[RawRecord]:
        """The elements of the list that starts here, and of those that follow it."""
        window = self._window
        while True:
            window.position += 1
            whole = yield from self._elements()
            if not whole:
                return
            window.position += 1
            after = self._skip_space()
            if after != "[":
                break
        if after:
            yield self._lost("text after the end of the list")
        if window.problem:
            yield self._lost(window.problem)

    def _elements(self) -> Generator[RawRecord, None, bool]:
        """The elements up to the bracket that ends their list; returns whether it was found."""
        window = self._window
        empty = True
        while start := self._skip_space():
            if start == "]":
                if empty:
                    yield RawRecord(window.mark(), problem="the list is empty")
                return True
            empty = False
            record, goes_on = self._element()
            yield record
            if not goes_on:
                return False
            if self._skip_space() not in {"]", ""}:  # a comma, or a brace that closes nothing
                window.position += 1
        problem = window.problem or "the list is never closed: the file may be cut off"
        yield RawRecord(window.mark(), problem=problem, lost=True)
        return False

    def _element(self) -> tuple[RawRecord, bool]:
        """The element that starts here, and whether its end was found; the position is there then."""
        window = self._window
        decoded = self._decode()
        line, excerpt = window.mark(), self._excerpt(decoded)
        problem = self._fault(decoded)
        if not decoded.broken:
            at, column = window.at(decoded.end)
            window.position = decoded.end
            if self._skip_space() in {",", "]", ""}:
                return RawRecord(line, None if problem else decoded.value, problem, excerpt), True
            problem = f"broken JSON: expecting ',' after the value at line {at}, column {column}"
        found, several = self._skip_element(self._beginning())
        if not found:
            problem = window.problem or f"{problem}; what follows here is lost"
        elif several:
            problem = f"{problem}; {_SEVERAL}"
        return RawRecord(line, problem=problem, excerpt=excerpt, lost=several or not found), found

    def _skip_element(self, beginning: re.Pattern[str]) -> tuple[bool, bool]:
        """Go to the comma or bracket that ends an element, told by its brackets and strings; whether there is one, and
        whether what seems to be another element's `beginning` was gone past.
        """
        window = self._window
        depth, inside, gone, several = 0, False, 0, False
        unseen = window.position + 1
        while True:
            text, place = window.text, window.position
            while found := (_INSIDE if inside else _OUTSIDE).search(text, place):
                mark, place = found[0], found.end()
                if mark == '"':
                    inside = not inside
                elif mark == "\\":
                    if place == len(text):  # what it escapes is not here yet
                        place = found.start()
                        break
                    place += 1
                elif mark in "[{":
                    depth += 1
                elif mark in "]}":
                    depth -= 1
                if depth < 0 or (depth == 0 and mark == ","):
                    window.position = found.start()
                    return True, several or beginning.search(text, unseen, found.start()) is not None
            else:
                place = len(text)
            several = several or beginning.search(text, unseen, place) is not None
            gone += place - window.position
            window.position = place
            if gone > SKIPPED or not window.more():
                return False, several
            unseen = window.position

    # ---- values ---------------------------------------------------------------------------------------------------

    def _values(self) -> Generator[RawRecord, None, bool]:
        """Objects one after the other, as `json.dump` with an indent leaves them; returns whether they are a line each."""
        window = self._window
        first = self._decode()
        line, excerpt = window.mark(), self._excerpt(first)
        if first.broken:
            end = window.text.find("\n", window.position)
            if end >= 0 and window.text[end:].lstrip(" \t\r\n\ufeff").startswith("{"):
                return True
            yield self._no_list(first, line, excerpt)
            return False
        several_lines, fault = "\n" in window.text[window.position : first.end], self._fault(first)
        window.position = first.end
        following = self._skip_space()
        if following and following != "," and not several_lines and window.mark() > line:
            return True
        if not following:
            yield self._no_list(first, line, excerpt)
            return False
        yield RawRecord(line, None if fault else first.value, fault, excerpt)
        window.position += following == ","
        while self._skip_space():
            yield self._value()
        if window.problem:
            yield RawRecord(window.mark(), problem=window.problem, lost=True)
        return False

    def _value(self) -> RawRecord:
        """The value that starts here; a broken one ends before the next line that begins with another."""
        window = self._window
        decoded = self._decode()
        line, excerpt, problem = window.mark(), self._excerpt(decoded), self._fault(decoded)
        lost = False
        if not decoded.broken:
            window.position = decoded.end
            if self._skip_space() == ",":
                window.position += 1
        else:
            found, lost = self._skip_to_value(self._beginning())
            if not found:
                problem, lost = window.problem or f"{problem}; what follows here is lost", True
            elif lost:
                problem = f"{problem}; {_SEVERAL}"
        return RawRecord(line, None if problem else decoded.value, problem, excerpt, lost)

    def _skip_to_value(self, beginning: re.Pattern[str]) -> tuple[bool, bool]:
        """Go to the next line that begins with a value, as `_skip_element` goes to the end of an element."""
        window = self._window
        gone, several = 0, False
        window.position += 1
        while not (found := _NEXT_VALUE.search(window.text, window.position)):
            several = several or beginning.search(window.text, window.position) is not None
            gone += len(window.text) - window.position
            window.position = max(
                len(window.text) - 2, window.position
            )  # a line end and a mark may be cut from the bracket
            if gone > SKIPPED or not window.more():
                window.position = len(window.text)
                return False, several
        several = several or beginning.search(window.text, window.position, found.start()) is not None
        window.position = found.end() - 1
        return True, several

    def _beginning(self) -> re.Pattern[str]:
        """How the value that starts here begins, up to its first key: where that comes again, another has begun."""
        found = _BEGINNING.match(self._window.text, self._window.position)
        return re.compile(rf"\{{\s*{re.escape(found[1])}\s*:") if found else _NEVER

    def _no_list(self, decoded: Decoded, line: int, excerpt: str) -> RawRecord:
        window = self._window
        if window.problem or decoded.problem:
            at, column = window.at(decoded.end) if decoded.broken else (0, 0)
            place = f" at line {at}, column {column}" if decoded.broken else ""
            return RawRecord(line, problem=window.problem or decoded.problem + place, excerpt=excerpt, lost=True)
        value = decoded.value
        kind = "an object" if isinstance(value, dict) else "one value"
        # A whole object is one record that is none, such as a description of the data that lies beside them. What holds
        # lists alone is a table of records, and a long list of objects some records; another value may be the first of several.
        lists = isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values())
        if lists:
            kind = "an object of lists" if len(value) > 1 else "an object with one list in it"
        held = _records_in(value)
        if held and not lists:
            kind = f"an object, whose {held!r} is a list of {len(value[held]):,} objects"
        how = "write the records as a list, or one a line as .jsonl"
        problem = f"the top level is {kind}, not a list of records; {how}"
        lost = bool(lists or held) or not isinstance(value, dict)
        return RawRecord(line, problem=problem, excerpt=excerpt, lost=lost)

    # ---- both -----------------------------------------------------------------------------------------------------

    def _decode(self) -> Decoded:
        """The value that starts here, with as much of the file as it needs, up to the limit."""
        window = self._window
        while True:
            decoded = self._json.decode(window.text, window.position)
            if not decoded.cut or len(window.text) - window.position > self._limit or not window.more():
                return decoded

    def _fault(self, decoded: Decoded) -> str:
        """What is wrong with the value that starts here, or ""."""
        window = self._window
        size = (len(window.text) if decoded.broken else decoded.end) - window.position
        if size > self._limit and (decoded.cut or not decoded.broken):
            return f"the record is longer than {self._limit:,} characters"
        if decoded.broken:
            at, column = window.at(decoded.end)
            return f"{decoded.problem} at line {at}, column {column}"
        return decoded.problem or (
            "invalid UTF-8" if _UNDECODED.search(window.text, window.position, decoded.end) else ""
        )

    def _skip_space(self) -> str:
        return self._window.skip_space(SKIPPED)

    def _excerpt(self, decoded: Decoded) -> str:
        start = self._window.position
        end = min(decoded.end, start + EXCERPT) if not decoded.broken else start + EXCERPT
        return excerpt_of(self._window.text[start:end])

    def _lost(self, problem: str) -> RawRecord:
        """What stands here, and all behind it."""
        window = self._window
        excerpt = excerpt_of(window.text[window.position : window.position + EXCERPT])
        return RawRecord(window.mark(), problem=problem, excerpt=excerpt, lost=True)


def _records_in(value: object) -> str:
    """The key of an object under which records stand: a list of more objects than a description has of its splits; or ""."""
    if not isinstance(value, dict):
        return ""
    lists = (key for key, held in value.items() if isinstance(held, list) and len(held) > _DESCRIBED)
    return next((key for key in lists if all(isinstance(one, dict) for one in value[key])), "")
