"""A screen: lines and tables on a stream. Text out of data can neither colour the terminal nor move its cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Literal

from seatrial.terminal.legible import one_line, without_escapes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["Line", "Screen", "cell", "clean", "styled"]

LOG_WIDTH = 180
"""Columns of tables where the output is no terminal."""
WIDE = 72
"""Columns from which on a table of long sentences can be read."""
NARROWEST = 20
"""Columns that a line set in is given at least."""

Line = tuple[int, str]
"""How far it is set in, and what it says; clean already."""


def clean(text: str) -> str:
    """Text out of data as one line that a terminal only shows."""
    return one_line(without_escapes(text))


def styled(text: str, style: str = "") -> Text:
    """Text that is clean already, in a style of rich's."""
    from rich.text import Text

    return Text(text, style=style)


def cell(text: str) -> Text:
    """Text out of data as a cell of a table."""
    return styled(clean(text))


class Screen:
    """Writes to one stream; in a terminal that is watched live, tables get rules."""

    def __init__(self, stream: IO[str], *, live: bool = False) -> None:
        self._stream = stream
        self._live = live

    def console(self) -> Console:
        """A rich console; markup, emoji names and highlighting are off, since data passes through it."""
        from rich.console import Console

        width = None if self._stream.isatty() else LOG_WIDTH
        return Console(file=self._stream, width=width, markup=False, emoji=False, highlight=False)

    def line(self, *parts: Text) -> None:
        """One line of several pieces, wrapped only where the terminal ends."""
        self.console().print(*parts, sep="", soft_wrap=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Lines that are clean already, each on its own."""
        console = self.console()
        for line in lines:
            console.print(styled(line), soft_wrap=True)

    def outline(self, lines: Iterable[Line]) -> None:
        """Lines each set in by so many columns, also where it goes on in the next line."""
        console = self.console()
        for indent, line in lines:
            whole = styled(line, "" if indent else "bold")
            for part in whole.wrap(console, max(NARROWEST, console.width - indent)):
                part.rstrip()
                console.print(styled(" " * indent), part, sep="", soft_wrap=True)

    def table(self, *headings: str) -> Table:
        """An empty table; a heading that starts with `>` is of a column of numbers."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD if self._live else None, pad_edge=False, header_style="bold")
        for heading in headings:
            justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
            table.add_column(heading.removeprefix(">"), justify=justify, overflow="fold")  # a name cut short is no name
        return table

    def table_or_lines(self, table: Table, lines: Iterable[Line]) -> None:
        """The table, where the terminal is wide enough for it; else the lines that say the same."""
        console = self.console()
        if console.width < WIDE:
            self.outline(lines)
        else:
            console.print(table)
