"""Markdown in which what comes out of data stays text, on GitHub and in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from seatrial.terminal.legible import one_line

__all__ = ["Column", "bullets", "cell", "sentence", "table"]

_LIMIT = 300
"""Characters of one cell."""

_SENTENCE = 2_000
"""Characters of a sentence outside of tables."""

_WIDEST = 44
"""Characters up to which a column is padded, so that a table is one in a terminal, too."""

_MARKUP = re.compile(r"([\\`*\[\]|~$])")
"""What begins or ends markup wherever it stands."""


def cell(text: str, limit: int = _LIMIT) -> str:
    """Text on one line that Markdown shows as it is: no markup, HTML, link, mention, formula or table border in it.

    Only what would act where it stands is escaped, so that the text can be read in a terminal as well.
    """
    escaped = _MARKUP.sub(r"\\\1", one_line(text, limit))
    # Inside a word an underscore is one; elsewhere it may begin emphasis.
    escaped = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", escaped)
    # Braces are templates to some site generators.
    escaped = re.sub(r"\{(?=[{%#])", r"{\\", escaped)
    escaped = re.sub(r"&(?=#?\w+;)", "&amp;", escaped)
    # Before a space, a digit or an equals sign, a `<` begins no tag and no template.
    escaped = re.sub(r"<(?![\s\d=])", "&lt;", escaped)
    # GitHub makes links of bare addresses, @names and #numbers, escaped or not: an empty comment breaks them.
    escaped = escaped.replace("://", "&#58;//")
    escaped = re.sub(r"(?<!\w)@(?=\w)|(?<=\w)@(?=[\w-]+\.\w)", "@<!-- -->", escaped)
    escaped = re.sub(r"(?<!&)#(?=\d)", "#<!-- -->", escaped)
    escaped = re.sub(r"(?i)\bwww\.", lambda found: f"{found[0][:-1]}&#46;", escaped)
    # At the start of a line these would begin a heading, a quotation, a list or a rule.
    escaped = re.sub(r"^(#+|>)(?=\s|>|$)", r"\\\1", escaped)
    return re.sub(r"^(\d*)([-+=.)])(?=[\s=+-]|$)", r"\1\\\2", escaped)


def sentence(text: str) -> str:
    """A sentence: it may be longer than a cell, and is not cut before its end."""
    return cell(text, _SENTENCE)


def bullets(lines: Iterable[str]) -> Iterator[str]:
    """A list; the lines are Markdown already."""
    return (f"- {line}" for line in lines)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand on its right."""

    title: str
    align: Literal["left", "right"] = "left"


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns padded to their widest cell, up to a limit; a last one of texts is not: they end where they end."""
    lines = [[column.title for column in columns], *(list(row) for row in rows)]
    written = [[cell(text) for text in line] for line in lines]
    widths = [
        max(3, min(max((len(line[place]) for line in written if place < len(line)), default=3), _WIDEST))
        for place in range(len(columns))
    ]
    if columns[-1].align == "left":
        widths[-1] = 0
    rule = [
        f"{'-' * max(width - 1, 2)}{':' if column.align == 'right' else '-'}"
        for column, width in zip(columns, widths, strict=True)
    ]
    head, *body = (_padded(columns, line, widths) for line in written)
    yield from (head, f"| {' | '.join(rule)} |", *body)


def _padded(columns: Sequence[Column], line: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text.rjust(width) if column.align == "right" else text.ljust(width)
        for column, text, width in zip(columns, line, widths, strict=False)
    ]
    return f"| {' | '.join([*padded, *line[len(padded) :]])} |"
