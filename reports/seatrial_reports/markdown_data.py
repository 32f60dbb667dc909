"""What report.md says of the data: flow, findings, what filters have to show, and pairs of rows."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.terminal.legible import one_line
from seatrial_reports.evidence import Example, in_a_row
from seatrial_reports.filtering import FilterBlock
from seatrial_reports.markdown_blocks import block_lines, more
from seatrial_reports.markdown_text import Column, cell, sentence, table
from seatrial_reports.view import View

__all__ = ["data_sections"]

SHOWN = 5
"""Pairs of rows listed; the HTML report has more."""

EXAMPLE = 120
"""Characters of what is told of a rule's example, and of a row of a pair."""


def data_sections(view: View) -> Iterator[str]:
    """Everything from the rows that were read to those that test and train share."""
    yield from _flow(view)
    yield from _filters(view)
    for block in view.data.showing:
        yield from _showing(block, view)
    yield from _counts(view)


def _flow(view: View) -> Iterator[str]:
    data, where = view.data, view.provenance
    if data.flow:
        yield from ("", "## Data", "")
        yield f"{data.read or 0:,} records were read, {data.dropped:,} dropped, {data.kept or 0:,} kept. Every finding about a row stands"
        yield f"in {cell(where.ledger)} with its rule, reason, score and the row that it matched."
        yield f"What became of one row and why, by its id or by FILE:LINE: {cell(where.tell_why)}"
        yield ""
        yield from table(
            (Column("Stage"), *(Column(name, "right") for name in ("In", "Dropped", "Kept")), Column("Adds up")),
            (
                (s.name, f"{s.rows_in:,}", f"{s.dropped:,}", f"{s.rows_out:,}", "yes" if s.adds_up else "NO")
                for s in data.flow
            ),
        )
    composition = data.composition
    if composition.splits:
        yield from ("", "Split: " + ", ".join(f"{name} {n:,}" for name, n in composition.splits) + ".")
    yield from (sentence(note) for note in composition.notes)


def _filters(view: View) -> Iterator[str]:
    data = view.data
    if data.loud:
        yield ""
        yield from table(
            (Column("Filter"), Column("Rule"), Column("What became of it"), Column("For example")),
            (
                (_named(block), rule.rule, rule.done, _example(rule.examples[0]) if rule.examples else "")
                for block in data.loud
                for rule in block.rules
            ),
        )
    if data.quiet:
        yield from ("", f"Found nothing: {', '.join(cell(_named(block)) for block in data.quiet)}.")
    for block in data.filters:
        yield from (f"Not known of {cell(block.filter)}: {sentence(why)}." for why in block.missing)


def _named(block: FilterBlock) -> str:
    return f"{block.filter}{' (weak detector)' if block.weak else ''}"


def _example(found: Example) -> str:
    """Where the row stands, and what was found in it."""
    said = one_line(found.detail or in_a_row(found.excerpt), EXAMPLE)
    return f"{found.place}: {said}" if found.place else said


def _showing(block: FilterBlock, view: View) -> Iterator[str]:
    yield from ("", f"## What {cell(block.filter)} shows")
    if block.pairs:
        found = f"{block.rows:,} row{'s' if block.rows != 1 else ''} found, {block.dropped:,} of them dropped."
        yield from ("", f"{found} Rows, each with the one that it was matched with:", "")
        yield from table(
            (Column("Row"), Column("Matched with"), Column("Found by"), Column("Shared text")),
            (
                (
                    pair.place or pair.row,
                    pair.other_place or pair.other_row,
                    ", ".join(pair.rules),
                    one_line(in_a_row(pair.other_text), EXAMPLE),
                )
                for pair in block.pairs.pairs[:SHOWN]
            ),
        )
        yield from more(min(len(block.pairs.pairs), SHOWN), block.pairs.total, "index.html or the ledger")
    yield from block_lines(block.blocks, view.pictures)


def _counts(view: View) -> Iterator[str]:
    if not view.counts:
        return
    yield from (
        "",
        "## Counts",
        "",
        "What gates can hold besides scores: counted or measured once, without an interval.",
    )
    yield ""
    yield from table(
        (Column("Metric"), Column("Value", "right"), Column("What it tells")),
        (
            (
                block.metric,
                f"{line.value}: {line.missing}" if line.missing else line.value,
                f"{block.summary} {block.direction.capitalize()}.",
            )
            for block in view.counts
            for line in block.lines
        ),
    )
