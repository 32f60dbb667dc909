"""Swallowed rows: those of a CSV file that stand within one cell, between two stray quotes."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence

__all__ = ["refuse_swallowed"]

_SURE, _LIKELY = 8, 3
"""Lines within a cell, each of the table's width: so many are rows whatever they say, as prose has no such run of lines; the
fewer ones are where some column has values only that it has elsewhere, as labels have."""


def refuse_swallowed(text: str, delimiter: str) -> None:
    """Refuse a table whose cells hold rows of it.

    Raises:
        ValueError: so it is; the message names the line.
    """
    if '"' not in text:
        return
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    width, plain, cells = len(next(reader, [])), [], []
    start = reader.line_num + 1
    for row in reader:
        cells += [(start, cell) for cell in row if cell.count("\n") > _LIKELY]
        plain += [row] if len(row) == width and not any("\n" in cell for cell in row) else []
        start = reader.line_num + 1
    labels = [values for column in zip(*plain, strict=True) if 2 * len(values := set(column)) <= len(plain)]
    at = [place for place, column in enumerate(zip(*plain, strict=True)) if 2 * len(set(column)) <= len(plain)]
    for line, cell in cells:
        within = [one for said in cell.splitlines()[1:-1] for one in csv.reader([said], delimiter=delimiter)]
        if width < 2 or len(within) < _LIKELY or any(len(one) != width for one in within):
            continue
        if len(within) >= _SURE or _are_labels(within, at, labels):
            raise ValueError(
                f"line {line}: a cell holds {len(within)} lines that are rows of the table: a quote is opened there and not closed"
            )


def _are_labels(within: Sequence[Sequence[str]], at: Sequence[int], labels: Sequence[set[str]]) -> bool:
    return any(all(row[place] in values for row in within) for place, values in zip(at, labels, strict=True))
