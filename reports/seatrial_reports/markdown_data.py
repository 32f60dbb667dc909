"""What report.md says of the data: flow, findings, identity terms, coverage and leaks."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.terminal.legible import one_line
from seatrial_reports.dimensions import Bar, Dimension
from seatrial_reports.evidence import Example
from seatrial_reports.markdown_text import Column, cell, sentence, table
from seatrial_reports.view import View

__all__ = ["data_sections"]

SHOWN = 5
"""Gaps, kinds of rows and leaked rows listed; the HTML report has more."""

EXAMPLE = 120
"""Characters of what is told of a rule's example."""

RATES = 12
"""Identity terms listed, those first that are most surely flagged more often."""


def data_sections(view: View) -> Iterator[str]:
    """Everything from the rows that were read to those that leaked."""
    yield from _data(view)
    yield from _identity(view)
    yield from _coverage(view)
    yield from _leakage(view)
    yield from _counts(view)


def _data(view: View) -> Iterator[str]:
    data = view.data
    if data.flow:
        yield from ("", "## Data", "")
        yield from _ledger(view)
        yield from table(
            (Column("Stage"), *(Column(name, "right") for name in ("In", "Dropped", "Kept")), Column("Adds up")),
            (
                (s.name, f"{s.rows_in:,}", f"{s.dropped:,}", f"{s.rows_out:,}", "yes" if s.adds_up else "NO")
                for s in data.flow
            ),
        )
    if data.cover.splits:
        yield from ("", "Split: " + ", ".join(f"{name} {n:,}" for name, n in data.cover.splits) + ".")
    if data.cover.near.lonely:
        yield f"Test rows with no similar train row: {cell(data.cover.near.lonely)}."
    if data.loud:
        yield ""
        yield from table(
            (Column("Filter"), Column("Rule"), Column("What became of it"), Column("For example")),
            (
                (
                    f"{block.filter}{' (weak detector)' if block.weak else ''}",
                    rule.rule,
                    rule.done,
                    _example(rule.examples[0]) if rule.examples else "",
                )
                for block in data.loud
                for rule in block.rules
            ),
        )
    if data.quiet:
        named = (f"{block.filter}{' (weak detector)' if block.weak else ''}" for block in data.quiet)
        yield from ("", f"Found nothing: {', '.join(cell(name) for name in named)}.")
    if data.naive:
        yield from ("", "What a naive split would have reported (an estimate):", "")
        yield from table(
            (Column("Measured on"), *(Column(name, "right") for name in ("Value", "95% interval", "n"))),
            data.naive.lines,
        )


def _ledger(view: View) -> Iterator[str]:
    """Where the reason for each row stands."""
    data, where = view.data, view.provenance
    yield f"{data.read or 0:,} records were read, {data.dropped:,} dropped, {data.kept or 0:,} kept. Every finding about a row stands"
    yield f"in {cell(where.ledger)} with its rule, reason, score and the row that it matched."
    yield f"What became of one row and why, by its id or by FILE:LINE: {cell(where.tell_why)}"
    yield ""


def _example(found: Example) -> str:
    """Where the row stands, and what was found in it."""
    said = one_line(found.detail or found.excerpt, EXAMPLE)
    return f"{found.place}: {said}" if found.place else said


def _counts(view: View) -> Iterator[str]:
    counts = view.comparison.counts
    if not counts:
        return
    yield from (
        "",
        "## Counts",
        "",
        "What gates can hold besides scores: counted or measured once, without an interval.",
        "",
    )
    yield from table(
        (Column("Metric"), Column("Value", "right"), Column("What it tells")),
        (
            (
                block.metric,
                f"{line.value}: {line.missing}" if line.missing else line.value,
                f"{block.summary} {block.direction.capitalize()}.",
            )
            for block in counts
            for line in block.lines
        ),
    )


def _identity(view: View) -> Iterator[str]:
    for block in view.data.identity:
        yield from ("", f"## Flag rates by identity term: {cell(block.filter)}", "", sentence(block.said))
        if block.lines and block.none:
            yield ""
            yield from table(
                (
                    Column("Rows that name"),
                    *(Column(name, "right") for name in ("Flagged", "Rate", "95% interval", "More than none")),
                    *(
                        Column(name, "right")
                        for name in ("95% interval of that", "Times as often", "95% interval of that")
                    ),
                ),
                (
                    (
                        *(line.named, line.flagged, line.rate, line.interval),
                        *(line.excess, line.excess_interval, line.ratio, line.ratio_interval),
                    )
                    for line in (block.none, *block.lines[:RATES])
                ),
            )
            if len(block.lines) > RATES:
                yield from (
                    "",
                    f"{len(block.lines) - RATES:,} more groups: see index.html.",
                )
        if block.few:
            yield from ("", f"Too few rows to compare (fewer than {block.least:,}): {sentence(block.few)}.")


def _coverage(view: View) -> Iterator[str]:
    """What train or test lacks; the counts of all parts stand in the HTML report."""
    for cover in view.data.coverage:
        yield from ("", "## Coverage", "")
        yield from table(
            (
                Column("Rows by"),
                Column("In test, none or few in train"),
                Column("In train, none or few in test"),
                Column("Parts", "right"),
                Column("Divergence"),
            ),
            (
                (
                    one.title,
                    *(_gaps(one, split) for split in ("train", "test")),
                    f"{len(one.bars) + one.others:,}",
                    one.divergence or "not compared",
                )
                for one in cover.dimensions
            ),
        )
        said = [f"Test rows with no near train row: {cell(cover.near.lonely)}."] if cover.near.lonely else []
        said += [f"Test rows that stand among test rows alone: {cell(cover.unmatched)}."] if cover.unmatched else []
        said += [
            f"Lacking: {cell(one.name)} ({one.size}{f': {cell(one.labels)}' if one.labels else ''})."
            for one in cover.lacking[:SHOWN]
        ]
        if len(cover.lacking) > SHOWN:
            said.append(f"{len(cover.lacking) - SHOWN:,} more kinds of test rows that train lacks: see index.html.")
        said += [
            f"{what[0].upper()}{what[1:]}, train and test: {' · '.join(value for value in values if value)}."
            for what, values in cover.diversity
        ]
        said += [f"Not looked for: {cell(cover.absent)}."] if cover.absent else []
        if cover.unmatched_lacks:
            said.append(f"Not looked for: kinds of test rows that train lacks: {cell(cover.unmatched_lacks)}.")
        said += [f"{cell(one.title.capitalize())}: {cell(one.lacks)}." for one in cover.dimensions if one.lacks]
        if any(len(_found(one, split)) > SHOWN for one in cover.dimensions for split in ("train", "test")):
            said.append(f"Of the gaps of each kind the first {SHOWN} are named: all stand in index.html.")
        for line in said:
            yield from ("", line)


def _found(one: Dimension, split: str) -> list[Bar]:
    """The parts of which that split has none or few."""
    return [bar for bar in one.gaps if bar.gap.endswith(f" in {split}")]


def _gaps(one: Dimension, split: str) -> str:
    found = _found(one, split)
    if not found:
        return "none" if one.divergence and not one.lacks else "not told"
    named = "; ".join(one_line(bar.name, 60) for bar in found[:SHOWN])
    return f"{len(found)}: {named}{'; …' if len(found) > SHOWN else ''}"


def _leakage(view: View) -> Iterator[str]:
    leaks = view.data.leaks
    if not leaks.filters and not leaks.pairs and not leaks.unknown:
        return
    yield from ("", "## Leakage")
    for why in leaks.unknown:
        yield from ("", f"Not known: {cell(why)}.")
    if not leaks.filters and not leaks.pairs:
        return
    yield ""
    if not leaks.pairs:
        yield f"Looked for by {', '.join(cell(name) for name in leaks.filters)}: nothing was found."
    else:
        yield f"Rows that give away what the model is tested on: {leaks.rows:,}; dropped of these: {leaks.dropped:,}."
    if leaks.groups:
        yield ""
        yield from table(
            (
                Column("Texts"),
                Column("Looked for by"),
                Column("Items", "right"),
                Column("Given away", "right"),
                Column("By rule"),
            ),
            (
                (
                    group.name,
                    group.filter,
                    group.items,
                    group.given_away,
                    ", ".join(f"{rule} {n}" for rule, n in group.by_rule),
                )
                for group in leaks.groups
            ),
        )
        if any(group.partly for group in leaks.groups):
            yield from (
                "",
                "Not looked for: texts too short for a rule, or without enough words besides those that many of them share.",
            )
    if leaks.pairs:
        yield ""
        yield from table(
            (Column("Train row"), Column("Gives away"), Column("Found by"), Column("Shared text")),
            (
                (
                    pair.train_place or pair.train_row,
                    pair.other_place or pair.other_row,
                    ", ".join(pair.rules),
                    one_line(pair.other_text, 120),
                )
                for pair in leaks.pairs[:SHOWN]
            ),
        )
        if leaks.pairs_total > SHOWN:
            yield from ("", f"{leaks.pairs_total - SHOWN:,} more: see index.html or the ledger.")
