"""Blocks in Markdown: tables, lists and sentences in which what comes out of data stays text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from seatrial.blocks import Block, Diff, Distribution, Examples, Table, Text
from seatrial.terminal.legible import one_line
from seatrial_reports.drawing import Drawing, Figure, draw
from seatrial_reports.evidence import in_a_row
from seatrial_reports.markdown_text import Column, cell, sentence, table
from seatrial_reports.pictures import Picture

__all__ = ["block_lines", "more"]

ROWS = 10
"""Rows of a table, bars and names listed; the HTML report has more."""

ITEMS = 5
"""Examples and changed texts listed."""

QUOTED = 120
"""Characters of each text of such an item."""

_LEVELS = "▁▂▃▄▅▆▇█"


def block_lines(blocks: Iterable[Block], pictures: Mapping[str, Picture]) -> Iterator[str]:
    """The blocks one after the other, each under its title."""
    for block in blocks:
        yield from ("", f"**{cell(block.title)}**")
        says = getattr(block, "says", "")
        if says:
            yield from ("", sentence(says))
        yield ""
        yield from _own(draw(block), pictures)


def more(shown: int, total: int, where: str = "index.html") -> Iterator[str]:
    """What a list leaves out."""
    if total > shown:
        yield from ("", f"{total - shown:,} more: see {cell(where)}.")


def _own(drawing: Drawing, pictures: Mapping[str, Picture]) -> Iterator[str]:
    block = drawing.block
    if drawing.is_empty:
        yield "Nothing."
        return
    match block:
        case Text():
            for place, paragraph in enumerate(block.paragraphs):
                yield from ([""] if place else [])
                yield sentence(paragraph)
        case Table():
            columns = [
                Column(name, "right" if place in drawing.numeric else "left")
                for place, name in enumerate(block.columns)
            ]
            if columns:
                yield from table(columns, block.rows[:ROWS])
            yield from more(min(len(block.rows), ROWS), block.of or len(block.rows))
        case Distribution():
            yield _sparkline(block, drawing)
        case Diff():
            for item in block.items[:ITEMS]:
                said = [("before", item.before), ("after", item.after), *item.fields, ("", item.says)]
                yield _item(item.row, said)
            yield from more(min(len(block.items), ITEMS), block.of or len(block.items))
        case Examples():
            for example in block.items[:ITEMS]:
                shown = "".join(
                    f" ![picture {digest}](images/{digest}.{pictures[digest].kind})"
                    for digest in example.pictures
                    if digest in pictures
                )
                yield _item(example.row, example.fields) + shown
            yield from more(min(len(block.items), ITEMS), block.of or len(block.items))
        case _:
            if drawing.figure is not None:
                yield from _bars(drawing.figure)


def _item(row: str, fields: Sequence[tuple[str, str]]) -> str:
    said = "; ".join(
        f"{f'{name}: ' if name else ''}{one_line(in_a_row(text), QUOTED)}" for name, text in fields if text
    )
    return f"- {cell(row)}: {sentence(said)}"


def _bars(figure: Figure) -> Iterator[str]:
    together = any(len(group.lanes) > 1 for group in figure.groups.first)
    shown = figure.groups.first[:ROWS]
    ranged = any(lane.interval for group in shown for lane in group.lanes)
    columns = [
        Column(""),
        *(Column(name, "right") for name in (figure.series if together else ("Value",))),
        *([Column("Interval", "right")] if ranged and not together else []),
        *([Column("n", "right")] if figure.sampled and not together else []),
        *(Column(name) for name in figure.columns),
        Column("Note"),
    ]
    rows = []
    for group in shown:
        lane = group.lanes[0]
        values = {one.series: one.value for one in group.lanes}
        alone = (lane.value, *([lane.interval] if ranged else []), *([lane.n] if figure.sampled else []))
        note = "; ".join(part for part in (group.mark, one_line(group.says, QUOTED)) if part)
        cells = group.cells or ("",) * len(figure.columns)
        rows.append(
            (group.name, *((values.get(one, "") for one in figure.series) if together else alone), *cells, note)
        )
    yield from table(columns, rows)
    yield from more(len(shown), figure.groups.total)


def _sparkline(block: Distribution, drawing: Drawing) -> str:
    """`▁▃█▂ 44 from 60 to 64.3 ms, median 62.1 ms`."""
    most = max(block.counts)
    drawn = "".join(_LEVELS[min(7, 8 * n // (most + 1))] if n else " " for n in block.counts) if most else ""
    said = drawing.histogram.alt if drawing.histogram else f"{sum(block.counts):,} in all"
    return f"{'⎹' + drawn + '⎸ ' if drawn else ''}{sentence(said)}"
