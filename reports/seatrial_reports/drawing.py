"""Drawing: a block as positions and words, so that a template or a document only has to set it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

from seatrial.blocks import Bar, Bars, Block, Diff, DiffItem, Distribution, Example, Examples, Table, Text
from seatrial.terminal.figures import percent
from seatrial.terminal.legible import one_line
from seatrial_reports.charts import DotPlot, Estimate, Tick, dot_plot, nice_ticks
from seatrial_reports.diff import Piece, compare
from seatrial_reports.numbers import amount

__all__ = ["BarGroup", "Cut", "Drawing", "Figure", "Histogram", "Lane", "cut", "draw", "is_numeric"]

T = TypeVar("T")

_LARGEST = 1e100
"""A value beyond which no axis is drawn."""

_NAMED = 32
"""Characters of what stands on an axis."""

_COLOURS = 3
"""Series that have a colour of their own."""


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """A list as it is shown: some first, more on demand, the rest counted."""

    first: Sequence[T]
    rest: Sequence[T]
    total: int

    @property
    def left(self) -> int:
        """How many are not shown."""
        return self.total - len(self.first) - len(self.rest)


@dataclass(frozen=True, slots=True)
class Lane:
    """One bar of a group."""

    series: str
    colour: int
    value: str
    interval: str
    n: str


@dataclass(frozen=True, slots=True)
class BarGroup:
    """The bars of one name."""

    name: str
    mark: str
    says: str
    lanes: tuple[Lane, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Bars on one axis."""

    groups: Cut[BarGroup]
    plot: DotPlot | None
    """Its dots are those of all lanes, group by group; None where there is nothing to draw."""
    dotted: bool
    """Whether they are dots with intervals."""
    series: tuple[str, ...]
    columns: Sequence[str]
    sampled: bool
    """Whether any tells its n."""
    first_dot: tuple[int, ...]
    """Group → the place of its first dot."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution in percent of its box."""

    columns: tuple[tuple[float, float, float], ...]
    """(left, width, height)."""
    ticks: tuple[Tick, ...]
    marks: tuple[Tick, ...]
    most: str
    """How many the tallest column stands for."""
    alt: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A block, and what of it is drawn."""

    block: Block
    kind: str
    """`text`, `table`, …"""
    rows: Cut[Sequence[str]] | None = None
    numeric: frozenset[int] = frozenset()
    """Columns of numbers."""
    figure: Figure | None = None
    histogram: Histogram | None = None
    diffs: Cut[tuple[DiffItem, list[Piece]]] | None = None
    examples: Cut[Example] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to set."""
        listed = (self.rows, self.figure.groups if self.figure else None, self.diffs, self.examples)
        return (self.kind == "distribution" and self.histogram is None) or any(
            one is not None and not one.first for one in listed
        )


def cut(items: Sequence[T], first: int, most: int, total: int | None = None) -> Cut[T]:
    """The first, those that follow up to `most` in all, and how many there are."""
    return Cut(items[:first], items[first:most], len(items) if total is None else total)


def draw(block: Block) -> Drawing:
    """The block, ready to be set."""
    kind = type(block).__name__.lower()
    match block:
        case Text():
            return Drawing(block, kind)
        case Table():
            columns = range(len(block.columns))
            numeric = frozenset(at for at in columns if is_numeric([row[at] for row in block.rows]))
            return Drawing(block, kind, rows=cut(block.rows, 20, 200, block.of), numeric=numeric)
        case Bars():
            return Drawing(block, kind, figure=_figure(block))
        case Distribution():
            return Drawing(block, kind, histogram=_histogram(block))
        case Diff():
            shown = cut(block.items, 6, 24, block.of)
            first, rest = (
                [(one, compare(one.before, one.after)) for one in part] for part in (shown.first, shown.rest)
            )
            return Drawing(block, kind, diffs=Cut(first, rest, shown.total))
        case Examples():
            return Drawing(block, kind, examples=cut(block.items, 6, 24, block.of))


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers: they stand on its right."""
    said = [cell for cell in cells if cell]
    return bool(said) and all(re.match(r"[-+−≥≤<>~]?\s?\d[\d,.]*(?!\w)", cell) and len(cell) <= 40 for cell in said)


def _figure(block: Bars) -> Figure:
    together = [list(bars) for _, bars in groupby(block.bars, key=lambda bar: bar.name)]
    series = tuple(dict.fromkeys(bar.series for bar in block.bars if bar.series))
    shown = cut([_group(bars, series, block.unit) for bars in together], 12, 200, block.of)
    drawn = [bar for bars in together[:200] for bar in bars]
    first, place = [], 0
    for bars in together[:200]:
        first.append(place)
        place += len(bars)
    return Figure(
        groups=shown,
        plot=_plot(drawn, block),
        dotted=any(bar.low is not None for bar in drawn),
        series=series,
        columns=block.columns,
        sampled=any(bar.n is not None for bar in drawn),
        first_dot=tuple(first),
    )


def _plot(bars: Sequence[Bar], block: Bars) -> DotPlot | None:
    ends = [x for bar in bars for x in (bar.value, bar.low, bar.high) if x is not None]
    if block.reference is not None:
        ends.append(block.reference)
    if not bars or max(map(abs, ends)) > _LARGEST:
        return None
    ticks = nice_ticks(min(0.0, *ends), max(0.0, *ends))
    if not block.unit and max(ends) <= 1:
        ticks = [tick for tick in ticks if tick <= 1]
    estimates = [Estimate(bar.value, bar.low, bar.high, _alt(bar, block.unit)) for bar in bars]
    reference = {} if block.reference is None else {one_line(block.reference_name, _NAMED): block.reference}
    return dot_plot(estimates, reference, ticks=ticks)


def _group(bars: Sequence[Bar], series: Sequence[str], unit: str) -> BarGroup:
    first = bars[0]
    return BarGroup(
        name=first.name,
        mark=first.mark,
        says=first.says,
        lanes=tuple(
            Lane(
                series=bar.series,
                colour=series.index(bar.series) % _COLOURS if bar.series else 0,
                value=_written(bar.value, unit),
                interval=_interval(bar, unit),
                n="" if bar.n is None else f"{bar.n:,}",
            )
            for bar in bars
        ),
        cells=tuple(first.cells),
    )


def _alt(bar: Bar, unit: str) -> str:
    parts = [f"{bar.series} {_written(bar.value, unit)}".strip(), _interval(bar, unit)]
    parts.append("" if bar.n is None else f"n = {bar.n:,}")
    return ", ".join(part for part in parts if part)


def _interval(bar: Bar, unit: str) -> str:
    return "" if bar.low is None or bar.high is None else f"{_written(bar.low, unit)} to {_written(bar.high, unit)}"


def _written(x: float, unit: str) -> str:
    return amount(x, unit) if unit else percent(x)


def _histogram(block: Distribution) -> Histogram | None:
    low, high, most = block.edges[0], block.edges[-1], max(block.counts)
    if not most or max(abs(low), abs(high)) > _LARGEST:
        return None

    def at(x: float) -> float:
        return round(100 * min(max((x - low) / (high - low), 0), 1), 3)

    ticks = [tick for tick in nice_ticks(low, high) if low <= tick <= high]
    said = [f"{name} {amount(value, block.unit)}" for name, value in block.marks]
    return Histogram(
        columns=tuple(
            (at(left), round(at(right) - at(left), 3), round(100 * n / most, 3))
            for left, right, n in zip(block.edges, block.edges[1:], block.counts, strict=False)
        ),
        ticks=tuple(Tick(at(tick), f"{tick:g}") for tick in ticks),
        marks=tuple(
            Tick(at(value), words) for (_, value), words in zip(block.marks, said, strict=True) if low <= value <= high
        ),
        most=f"{most:,}",
        alt=f"{sum(block.counts):,} from {amount(low)} to {amount(high, block.unit)}"
        + "".join(f", {one}" for one in said),
    )
