"""Swallowed rows: those that stand within a cell, between a quote that nobody closed and the next one at a cell's end.

Such a cell is well-formed, and the rows in it are gone. What gives it away is that its lines have the table's width, and are many,
or in some column have only values that this column has elsewhere, as labels have.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Swallowed"]

_LINES = 3
"""Lines between the first and the last of a cell from which on they are looked at: prose hardly has so many of one width."""

_MANY = 8
"""Such lines from which on they are taken for rows, whatever their values: answers in free words stand nowhere else."""

_VALUES = 100
"""Different values up to which a column's are remembered: a column of labels has fewer."""

_CELLS = 20
"""Cells that are remembered until the whole table is known."""


class Swallowed:
    """The cells of one table that may hold rows of it."""

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter = delimiter
        self._rows = 0
        self._values: list[set[str] | None] = [set() for _ in range(width)]
        self._cells: list[tuple[int, list[list[str]]]] = []

    def see(self, line: int, cells: Sequence[str]) -> None:
        """A row of the table's width that starts at a line."""
        self._rows += 1
        for place, cell in enumerate(cells):
            if "\n" in cell:
                self._look(line, cell)
            elif (values := self._values[place]) is not None:
                values.add(cell)
                if len(values) > _VALUES:
                    self._values[place] = None

    def _look(self, line: int, cell: str) -> None:
        within = [one.split(self._delimiter) for one in cell.splitlines()[1:-1]]
        if len(within) >= _LINES and len(self._cells) < _CELLS and {*map(len, within)} == {len(self._values)}:
            self._cells.append((line, within))

    def found(self) -> tuple[int, int] | None:
        """The line of the first row that holds others, and how many there are at least; None where none does."""
        if len(self._values) < 2:
            return None
        known = [(at, values) for at, values in enumerate(self._values) if values and 2 * len(values) <= self._rows]
        for line, within in self._cells:
            if len(within) >= _MANY or any(all(cells[at] in values for cells in within) for at, values in known):
                return line, len(within)
        return None
