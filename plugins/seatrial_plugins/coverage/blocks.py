"""What reports show of coverage: the gaps, the kinds of rows that train lacks, nearness, diversity, and every dimension."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seatrial import Measured
from seatrial.blocks import Bar, Bars, Block, Distribution, Table, Text
from seatrial.terminal.figures import count, out_of, share
from seatrial.terminal.legible import one_line
from seatrial.terminal.names import listed, name_of, tallied
from seatrial_plugins.coverage.distribution import CALLED, SPLITS, Part
from seatrial_plugins.coverage.distribution import Distribution as Dimension
from seatrial_plugins.coverage.nearness import NEIGHBOURS, Near
from seatrial_plugins.coverage.unmatched import FOUND, Unmatched

__all__ = ["Kind", "Lacking", "coverage_blocks"]

COMPARED = ("train", "test")

_LISTED = 200
"""Parts of a dimension that are shown one by one; a set may have as many labels as rows."""

_NAMED = 5
"""Gaps and kinds that a cell or a sentence names."""

_BINS = 20

_DIVERSITY = {
    "vendi": "effective number of unlike rows (Vendi score)",
    "similarity": "mean cosine of two rows",
    "distinct": "share of different word pairs (distinct-2)",
}

_ORDERED = {"length": "length in characters", "tokens": CALLED["tokens"]}
"""Dimensions whose parts have an order of their own, and what they are called."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A group of test rows that train has nothing like."""

    name: str
    """The words that set it apart."""
    size: int
    labels: Mapping[str, int]
    example: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """The test rows that stand among test rows alone, and the kinds that they make."""

    near: Near
    unmatched: Unmatched
    kinds: Sequence[Kind]
    """The largest first; not all of them where they are many."""


def coverage_blocks(
    dimensions: Sequence[Dimension], empty: Sequence[str], diversity: Measured, lacking: Lacking | None
) -> Iterator[Block]:
    """All of it, the gaps first.

    Args:
        dimensions: the rows by label, topic, ….
        empty: dimensions that no row has a value of.
        diversity: by split, as its facts tell it.
        lacking: None where nobody looked for near rows.
    """
    if lacking and lacking.kinds:
        yield _warning(lacking)
    yield _gaps(dimensions)
    untold = [f"{_title(one)}: {one.lacks}." for one in dimensions if one.lacks]
    untold += [f"No row has a value for: {listed([CALLED.get(name, name) for name in empty])}."] if empty else []
    if untold:
        yield Text("Gaps that cannot be told", untold)
    if lacking:
        yield _kinds(lacking)
    rows = [*(_numbers(lacking) if lacking else ()), *_diverse(diversity.facts)]
    if rows:
        yield Table("Nearness and diversity", ("What", "Train", "Test"), rows)
    if lacking:
        yield _nearness(lacking.near)
    for one in dimensions:
        yield _parts(one)


def _warning(lacking: Lacking) -> Text:
    every = len(lacking.unmatched.central)
    said = "; ".join(f"{name_of(one.name)} ({_rows(one.size)})" for one in lacking.kinds[:_NAMED])
    more = f" and {every - _NAMED:,} more" if every > _NAMED else ""
    return Text("Kinds of rows", [f"test has kinds of rows that train lacks: {said}{more}."], alarming=True)


def _gaps(dimensions: Sequence[Dimension]) -> Table:
    return Table(
        "Gaps between train and test",
        ("Rows by", "In test, none or few in train", "In train, none or few in test", "Parts", "Divergence of both"),
        [
            (
                _title(one),
                *(_found(one, split) for split in COMPARED),
                count(len(one.parts)),
                _diverging(one),
            )
            for one in dimensions
        ],
        "“Few”: the share of the rows is far below what the other split has. Divergence is Jensen-Shannon’s: 0 where both are "
        "alike, 1 where they share nothing.",
    )


def _title(one: Dimension) -> str:
    return _ORDERED.get(one.name, one.name)


def _found(one: Dimension, split: str) -> str:
    gaps = one.gaps(split)
    if not gaps:
        return "none" if one.divergence is not None and not one.lacks else "not told"
    named = "; ".join(name_of(part.name) for part in gaps[:_NAMED])
    return f"{len(gaps)}: {named}{'; …' if len(gaps) > _NAMED else ''}"


def _diverging(one: Dimension) -> str:
    if one.divergence is None:
        return "not compared"
    said = f"{share(one.divergence)} bits"
    return said if one.chance is None else f"{said}, where chance alone gives about {share(one.chance)}"


def _kinds(lacking: Lacking) -> Block:
    title = "Kinds of test rows that train lacks"
    unmatched = lacking.unmatched
    if unmatched.lacks:
        return Text(title, [f"Not looked for: {unmatched.lacks}."])
    how = f"at most {unmatched.most} of the {NEIGHBOURS} nearest rows stand in train, by the encoder’s vectors"
    if not lacking.kinds:
        return Text(
            title,
            [
                f"Rows that stand among test rows alone ({how}): none of {unmatched.least} rows or more. {FOUND[0].upper()}{FOUND[1:]}."
            ],
        )
    return Table(
        title,
        ("Kind", "Rows", "Labels", "For example"),
        [(name_of(one.name), count(one.size), tallied(one.labels), one.example.strip()) for one in lacking.kinds],
        f"Rows that stand among test rows alone: {how}. Each kind is named by its words; {FOUND}.",
        of=len(unmatched.central),
    )


def _numbers(lacking: Lacking) -> Iterator[tuple[str, str, str]]:
    near, unmatched = lacking.near, lacking.unmatched
    if not unmatched.lacks:
        yield "rows that stand among test rows alone", "", out_of(len(unmatched.rows), len(near.rows), near.of)
    yield "rows with no near train row", "", out_of(int(near.alone.sum()), len(near.rows), near.of)


def _diverse(facts: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for name, what in _DIVERSITY.items():
        found = [told.get(name) if isinstance(told := facts.get(split), Mapping) else None for split in COMPARED]
        if any(value is not None for value in found):
            train, test = ("" if x is None else f"{x:.1f}" if name == "vendi" else share(x) for x in found)
            yield what, train, test


def _nearness(near: Near) -> Distribution:
    least = min(float(near.similarity.min()), float(near.threshold))
    counts, edges = np.histogram(near.similarity, bins=_BINS, range=(max(np.floor(10 * least - 1) / 10, 0.0), 1.0))
    return Distribution(
        "Cosine of a test row and its nearest train row",
        [float(edge) for edge in edges.round(6)],
        [int(n) for n in counts],
        marks=(("none near below", float(near.threshold)), ("median", float(np.median(near.similarity)))),
        says=f"By the encoder’s vectors; below {near.threshold:g} a row counts as having no near train row.",
    )


def _parts(one: Dimension) -> Bars:
    """Its parts: in their own order where they have one, else the gaps first, then the largest."""
    ranked = sorted(one.parts, key=lambda part: (part.gap is None, -sum(part.rows.values())))[:_LISTED]
    kept = set(map(id, ranked))
    shown = [part for part in one.parts if id(part) in kept] if one.name in _ORDERED else ranked
    splits = [split for split in COMPARED if one.rows.get(split)]
    how = f"{one.says[:1].upper()}{one.says[1:]}. " if one.says else ""
    return Bars(
        f"Rows by {_title(one)}",
        [_bar(part, split, one.rows) for part in shown for split in splits],
        columns=("Rows",),
        says=f"{how}Bars are shares of each split’s rows.",
        of=len(one.parts),
    )


def _bar(part: Part, split: str, rows: Mapping[str, int]) -> Bar:
    counted = ", ".join(f"{name} {count(part.rows.get(name, 0))}" for name in SPLITS if rows.get(name))
    gap, said = part.gap, [f"“{one_line(part.example)}”"] if part.example else []
    if gap:
        said.append(f"{gap.expected:,.0f} would be expected in {gap.split}")
    return Bar(
        name_of(part.name) or "(none)",
        part.rows.get(split, 0) / rows[split],
        says="; ".join(said),
        series=split,
        mark=f"{'none' if gap.kind == 'absent' else 'few'} in {gap.split}" if gap else "",
        cells=(counted,),
    )


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"
