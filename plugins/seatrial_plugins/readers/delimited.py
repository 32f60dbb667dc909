"""CSV and TSV: a table in text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from seatrial import RawRecord
from seatrial.errors import UsageError
from seatrial_plugins.readers.excerpt import EXCERPT, excerpt_of
from seatrial_plugins.readers.lines import Line, read_lines
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.swallowed import Swallowed

__all__ = ["Delimited"]

_NAME = re.compile(r"[^\W\d][\w .:/()#-]{0,39}")


class Delimited:
    """Reads a table whose first line names the columns, a record a row; columns without a name are left out.

    Cells are text: a table says nothing of types.
    """

    by_suffix = True

    def __init__(
        self,
        suffixes: tuple[str, ...],
        *,
        delimiter: str,
        quote: str | None = '"',
        names: Sequence[str] | None = None,
        limit: int = LIMIT,
    ) -> None:
        used = quote if quote is not None else '"'
        if len(delimiter) != 1 or len(used) > 1 or delimiter == used or {delimiter, used} & {"\r", "\n"}:
            raise UsageError(f"delimiter {delimiter!r} and quote {quote!r}: each must be one character, and another")
        if names is not None and (problem := _header_problem(names)):
            raise UsageError(f"names: {problem}")
        self.suffixes = suffixes
        self._names = names
        self._delimiter = delimiter
        self._limit = limit
        self._quote = quote

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a row that is not blank, at the line where it starts."""
        quote = self._quote
        if quote is None:
            quote = '"' if _quotes_cells(file, self._delimiter, self._limit) else ""
        # Strict: a quote that is never closed, or closed within a cell, is an error instead of one long cell.
        dialect: dict[str, Any] = {"delimiter": self._delimiter, "strict": True}
        dialect |= {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
        table = _Table(file, dialect, self._limit)
        rows = table.rows()
        names = self._names
        if names is None:
            header = next(rows, None)
            names = table.names(header.cells) if header is not None else []
            problem = "" if header is None else self._unusable(header, names)
            if header is not None and problem:
                problem = f"the header cannot be used, so no row can be read: {problem}"
                yield RawRecord(header.line, problem=problem, excerpt=header.excerpt, lost=True)
                return
        read, swallowed = 0, Swallowed(self._delimiter, len(names))
        for row in rows:
            read += 1
            record = _record(row, names)
            if not record.problem:
                swallowed.see(row.line, row.cells)
            if self._names is None and row.cells == names and not record.problem:
                record = replace(record, value=None, problem="the header stands here again: were two files joined?")
            elif record.problem and not quote and '"' in row.excerpt:
                record = replace(record, problem=record.problem + _quote_hint(self._delimiter))
            if record.problem and table.cut and not row.quoting and len(row.cells) < len(names):
                record = replace(record, problem=f"{record.problem}; the file ends within this row", lost=True)
            if record.problem and len(row.cells) == 1 and self._names is not None:
                record = replace(record, problem=record.problem + _hint(row.excerpt, self._delimiter))
            yield record
        if found := swallowed.found():
            yield RawRecord(table.number, problem=_holds_others(*found), lost=True)
        if table.end is not None:
            yield RawRecord(table.end.number, problem=table.end.problem, lost=True)
        elif not read:
            yield RawRecord(1, problem="the table has a header and no row" if names else "the file is empty")

    def _unusable(self, header: _Row, names: Sequence[str]) -> str:
        """Why the first row cannot name the columns, or ""."""
        problem = header.problem or _header_problem(names)
        if not problem and len(header.cells) == 1 and _other_delimiter(header.excerpt, self._delimiter):
            problem = "it is a single column"
        return f"{problem}{_hint(header.excerpt, self._delimiter)}" if problem else ""


_DELIMITERS = (",", ";", "\t", "|")


def _other_delimiter(start: str, delimiter: str) -> str | None:
    """The character that seems to stand between the cells of a row that has none of the reader's."""
    if delimiter in start:
        return None
    other = max(_DELIMITERS, key=start.count)
    return other if other in start else None


def _hint(start: str, delimiter: str) -> str:
    other = _other_delimiter(start, delimiter)
    if other is None:
        return ""
    plain = {",": "csv", "\t": "tsv"}.get(other)
    reader = plain or f'{{csv: {{delimiter: "{other}"}}}}'
    between = "tabs" if other == "\t" else f"'{other}'"
    return f"; its cells seem to be separated by {between}: write `reader: {reader}` beside the source"


def _quote_hint(delimiter: str) -> str:
    reader = "tsv" if delimiter == "\t" else "csv"
    return (
        f"; quotes are read as text here: where they stand around cells, write `reader: {{{reader}: {{quote: '\"'}}}}`"
    )


def _quotes_cells(file: Path, delimiter: str, limit: int) -> bool:
    """Whether quotes stand around cells of the file, and are no text.

    They do where reading them so gives rows that are all of one width, and makes a difference: a quote is doubled, or a cell
    holds a delimiter or a line end. A cell that holds both has swallowed what stands between two quotes of a text.
    """
    table = _Table(file, {"delimiter": delimiter, "strict": True, "quotechar": '"'}, limit)
    width, matters = 0, False
    for row in table.rows():
        if row.quoting or (row.cells and len(row.cells) != (width := width or len(row.cells))):
            return False
        for cell in row.cells:
            if "\n" in cell and delimiter in cell:
                return False
            matters = matters or "\n" in cell or delimiter in cell
    return matters or table.doubled


def _header_problem(names: Sequence[str]) -> str:
    places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name and (first := places.setdefault(name, place)) != place:
            # What is no column's name, in a file without a header, may be long, or what somebody wrote.
            shown = f" {name!r}" if _NAME.fullmatch(name) else ""
            return f"columns {first} and {place} have the same name{shown}; give each column its own"
    return "" if places else "it names no column"


class _Row(NamedTuple):
    line: int
    cells: list[str]
    problem: str
    excerpt: str
    quoting: bool = False
    """Whether the problem is that of its quotes."""
    lost: bool = False
    """Whether it may have taken others with it."""


def _record(row: _Row, names: Sequence[str]) -> RawRecord:
    problem = row.problem
    if not problem and len(row.cells) != len(names):
        problem = f"{len(row.cells)} cells where the header has {len(names)}"
    value = None if problem else {name: cell for name, cell in zip(names, row.cells, strict=True) if name}
    return RawRecord(row.line, value, problem, row.excerpt, row.lost)


def _holds_others(line: int, rows: int) -> str:
    return f"the row at line {line} may hold others: {rows} lines of a quoted cell look like rows; is a quote left open there?"


class _TooLong(Exception):  # noqa: N818 - it ends one row, and never leaves this module
    """A row is longer than the limit."""


class _Table:
    """The rows of one file, and the iterator of lines that they are parsed from.

    An iterator, not a generator: after an exception in the middle of a row, parsing goes on with the next line.
    """

    def __init__(self, file: Path, dialect: dict[str, Any], limit: int) -> None:
        self.end: Line | None = None
        """The problem that ended the file early."""
        self._lines = read_lines(file, limit=limit)
        self._dialect = dialect
        self._limit = limit
        self.doubled = False
        """Whether two quotes stand side by side anywhere."""
        self.cut = False
        """Whether the last line that was read has no line end."""
        self.number, self._line = 0, ""
        """The line that was read last, from 1, and its text."""
        self._skips_blanks = False
        self._start_row()

    def _start_row(self) -> None:
        self._size = 0
        self._head = ""
        self._problem = ""
        self._lost = False

    def names(self, header: Sequence[str]) -> list[str]:
        """The columns' names. Where a blank stands before one, it does so before cells, and belongs to none of them."""
        if any(name[:1] == " " for name in header):
            self._skips_blanks = True
        names = [name.strip() for name in header]
        quote = self._dialect["quotechar"]
        quoted = [len(name) > 1 and name[0] == quote == name[-1] for name in names]
        return [name[1:-1] if inside else name for name, inside in zip(names, quoted, strict=True)]

    def rows(self) -> Iterator[_Row]:
        """Every row that is not blank."""
        # The module's limit of 131,072 characters a cell holds for the whole process; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * self._limit))
        reader = csv.reader(self, **self._dialect)
        while True:
            start = self.number + 1
            self._start_row()
            if self._skips_blanks:
                reader = csv.reader(self, skipinitialspace=True, **self._dialect)
            cells: list[str] = []
            quoting = False
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _TooLong:
                quoting = self._lost = self.number > start
            except csv.Error as error:
                quoting = True
                self._problem = self._problem or self._reason(error, start)
                self._lost = self._lost or self.number > start
            if cells or self._problem:
                yield _Row(start, cells, self._problem, excerpt_of(self._head), quoting, self._lost)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None or line.ends:
            self.end = line
            raise StopIteration
        self.number, self._line = line.number, line.text
        self._size += len(line.text)
        self._head += line.text[: EXCERPT - len(self._head)]
        self._problem = self._problem or line.problem
        self.doubled = self.doubled or '""' in line.text
        self.cut = not line.problem and not line.text.endswith("\n")
        if self._size > self._limit:
            self._problem = (
                self._problem or f"the row is longer than {self._limit:,} characters; a quote may be left open"
            )
        if self._size > self._limit or (line.problem and not line.text.endswith("\n")):
            raise _TooLong
        return line.text

    def _reason(self, error: csv.Error, start: int) -> str:
        message = str(error)
        if "unexpected end of data" in message:
            self._lost = True
            rest = f"; lines {start} to {self.number} were read as one row" if self.number > start else ""
            return f"a quote that opens in this row is never closed{rest}"
        if "expected after" in message:
            return "a quote closes before its cell ends; double the quotes that belong to the text"
        if "new-line character" in message:
            # Where each piece has cells, these are the line ends of the old Mac OS, and each is a row.
            self._lost = all(self._dialect["delimiter"] in piece for piece in self._line.split("\r"))
            return "a carriage return stands in a cell without quotes"
        return f"broken row: {message}"
