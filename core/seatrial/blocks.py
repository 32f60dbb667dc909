"""Blocks: what components have to show to reviewers, in forms that every report can draw. All text in them is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Bar", "Bars", "Block", "Diff", "DiffItem", "Distribution", "Example", "Examples", "Table", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs."""

    title: str
    paragraphs: Sequence[str]
    alarming: bool = False
    """Whether a reviewer must not miss it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns; reports cut a long one and say how many rows there are."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    says: str = ""
    """One sentence above it: what it shows."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, with its interval where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Values side by side on one axis."""

    title: str
    bars: Sequence[Bar]
    unit: str = ""
    """"" for a share, which is shown as a percentage."""
    reference: float | None = None
    """A value that a line is drawn at."""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many there are of each size."""

    title: str
    edges: Sequence[float]
    """Bin edges, ascending; one more than counts."""
    counts: Sequence[int]
    unit: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class DiffItem:
    """Two texts of which the second came out of the first."""

    row: str
    before: str
    after: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Diff:
    """Changed texts, shown word by word."""

    title: str
    items: Sequence[DiffItem]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One row, field by field."""

    row: str
    fields: Sequence[tuple[str, str]]
    """(name, text)."""
    pictures: Sequence[str] = field(default=())
    """Digests of images of the run folder's `data/images`."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows as a reviewer should read them."""

    title: str
    items: Sequence[Example]
    says: str = ""


Block = Text | Table | Bars | Distribution | Diff | Examples
