"""A block: text, a table, bars, a distribution, changed texts or rows, as a component hands them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "Bars", "Block", "Diff", "DiffItem", "Distribution", "Example", "Examples", "Table", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs."""

    title: str
    paragraphs: Sequence[str]
    alarming: bool = False
    """Whether a reviewer must not miss it: reports say it among the warnings at the top as well."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns; reports cut a long one and say how many rows there are."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    says: str = ""
    """What it shows, in a sentence or two above it."""
    of: int | None = None
    """How many rows there are, where these are only the first."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, with its interval where it has one."""

    name: str
    """Bars of one name that follow each other stand together, one for each series."""
    value: float
    low: float | None = None
    """The interval's lower end; with `high`, or not at all."""
    high: float | None = None
    n: int | None = None
    """How many rows or samples the value was computed from."""
    says: str = ""
    """What else there is to say of it."""
    series: str = ""
    """Which of several series it belongs to, such as `train`."""
    mark: str = ""
    """A word or two that set it apart from the others, such as `none in train`."""
    cells: Sequence[str] = ()
    """What stands beside it under the columns of the bars; of bars that stand together, the first one's."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Values side by side on one axis: dots with their intervals, or bars where there are none."""

    title: str
    bars: Sequence[Bar]
    """In the order in which they are read: reports fold all but the first away where there are many."""
    unit: str = ""
    """"" for a share, which is shown as a percentage."""
    reference: float | None = None
    """A value that a line is drawn at, …"""
    reference_name: str = ""
    """… and what it is."""
    columns: Sequence[str] = ()
    """Heads of the cells beside each bar."""
    says: str = ""
    of: int | None = None
    """How many names there are, where these are only the first."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many there are of each size."""

    title: str
    edges: Sequence[float]
    """Bin edges, ascending; one more than counts."""
    counts: Sequence[int]
    unit: str = ""
    marks: Sequence[tuple[str, float]] = ()
    """(name, value) of lines that are drawn across it, such as `median`."""
    says: str = ""


@dataclass(frozen=True, slots=True)
class DiffItem:
    """Two texts of which the second came out of the first."""

    row: str
    """The row's id, or a stable name of the item."""
    before: str
    after: str
    says: str = ""
    fields: Sequence[tuple[str, str]] = ()
    """(name, text) of what belongs to it."""


@dataclass(frozen=True, slots=True)
class Diff:
    """Changed texts, shown word by word."""

    title: str
    items: Sequence[DiffItem]
    says: str = ""
    of: int | None = None
    """How many items there are, where these are only the first."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row, field by field."""

    row: str
    fields: Sequence[tuple[str, str]]
    """(name, text); the first is what is read first, such as the question, and is quoted without its name."""
    pictures: Sequence[str] = ()
    """Digests of images of the run folder's `data/images`."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows as a reviewer should read them."""

    title: str
    items: Sequence[Example]
    says: str = ""
    of: int | None = None
    """How many items there are, where these are only the first."""


Block = Text | Table | Bars | Distribution | Diff | Examples
