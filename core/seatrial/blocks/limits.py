"""Limits: how much one block may hold, and what must fit together in it. Types are the codec's affair."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from seatrial.blocks.block import Bars, Block, Diff, Distribution, Example, Examples, Table, Text

__all__ = ["ITEMS", "TEXT", "WIDTH", "misfit"]

ITEMS = 10_000
"""Rows, bars, bins, items or paragraphs of one block. Reports show the first of them; who has more hands over the first and
says in `of` how many there are: a run folder is read as a whole."""

WIDTH = 50
"""Columns of a table, fields of an item, pictures of an example."""

TEXT = 100_000
"""Characters of one text."""

_DIGEST = re.compile(r"[0-9a-f]{8,128}")
_HALVED = re.compile("[\ud800-\udfff]")


def misfit(block: Block) -> str:
    """What is too much in a block, or does not fit together, or ""."""
    long = next((text for text in _texts(block) if len(text) > TEXT), None)
    if long is not None:
        return f"a text of {len(long):,} characters ({long[:40]!r}…); at most {TEXT:,} are shown"
    if any(_HALVED.search(text) for text in _texts(block)):
        return "a text holds half a character (a lone surrogate), which no file can store"
    items = _items(block)
    if len(items) > ITEMS:
        return f"{len(items):,} items; hand over at most {ITEMS:,}, and say in `of` how many there are"
    of, held = getattr(block, "of", None), _held(block)
    if of is not None and of < held:
        return f"`of` is {of:,}, fewer than the {held:,} that it holds"
    return _own(block)


def _own(block: Block) -> str:
    match block:
        case Table():
            return _table(block)
        case Bars():
            return _bars(block)
        case Distribution():
            return _distribution(block)
        case Diff():
            wide = next((one for one in block.items if len(one.fields) > WIDTH), None)
            return f"{len(wide.fields)} fields of {wide.row!r}; at most {WIDTH} are shown" if wide else ""
        case Examples():
            return next((wrong for one in block.items if (wrong := _example(one))), "")
        case Text():
            return ""


def _table(table: Table) -> str:
    if len(table.columns) > WIDTH:
        return f"{len(table.columns)} columns; at most {WIDTH} are shown"
    for place, row in enumerate(table.rows):
        if len(row) != len(table.columns):
            return f"row {place} has {len(row)} cells under {len(table.columns)} columns"
    return ""


def _bars(bars: Bars) -> str:
    for bar in bars.bars:
        if (bar.low is None) != (bar.high is None):
            return f"bar {bar.name!r} has one end of an interval, and needs both or none"
        if bar.low is not None and bar.high is not None and bar.low > bar.high:
            return f"the interval of bar {bar.name!r} is from {bar.low:g} down to {bar.high:g}"
        if bar.cells and len(bar.cells) != len(bars.columns):
            return f"bar {bar.name!r} has {len(bar.cells)} cells under {len(bars.columns)} columns"
    return f"{len(bars.columns)} columns; at most {WIDTH} are shown" if len(bars.columns) > WIDTH else ""


def _distribution(found: Distribution) -> str:
    if not found.counts or len(found.edges) != len(found.counts) + 1:
        return f"{len(found.edges)} edges around {len(found.counts)} counts; one more than counts is needed"
    if any(low >= high for low, high in pairwise(found.edges)):
        return "its edges do not ascend"
    return "a count is negative" if min(found.counts) < 0 else ""


def _example(example: Example) -> str:
    if len(example.fields) > WIDTH or len(example.pictures) > WIDTH:
        return f"{len(example.fields)} fields, {len(example.pictures)} pictures of {example.row!r}; at most {WIDTH} are shown"
    wrong = next((one for one in example.pictures if not _DIGEST.fullmatch(one)), None)
    return (
        f"picture {wrong!r:.80} of {example.row!r} is no digest (lower-case hexadecimal)" if wrong is not None else ""
    )


def _items(block: Block) -> Sequence[object]:
    match block:
        case Text():
            return block.paragraphs
        case Table():
            return block.rows
        case Bars():
            return block.bars
        case Distribution():
            return block.counts
        case Diff() | Examples():
            return block.items


def _held(block: Block) -> int:
    """How many items it holds; bars that stand together are one."""
    return sum(1 for _ in groupby(bar.name for bar in block.bars)) if isinstance(block, Bars) else len(_items(block))


def _texts(value: object) -> Iterator[str]:
    """Every text in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _texts(getattr(value, name))
