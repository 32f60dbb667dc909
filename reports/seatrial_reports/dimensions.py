"""Dimensions: what train and test hold by label, topic, length, …, as a stage or a filter counted it; what one lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seatrial_reports.facts import entries, mapping, number, text, whole
from seatrial_reports.names import name_of
from seatrial_reports.numbers import count, percent, share

__all__ = ["DRAWN", "SPLITS", "Bar", "Dimension", "counted_dimension", "title_of", "told_dimension"]

SHOWN = 10
"""Parts that are shown before a reader asks for all."""

PARTS = 200
"""Parts of a count that are told one by one, the largest first: a set may have as many labels as rows."""

SPLITS = ("train", "validation", "test")
DRAWN = ("train", "test")
"""Those that a bar is drawn for."""

_TITLES = {"length": "length in characters", "tokens": "length in tokens"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One label, topic or band."""

    name: str
    example: str
    widths: tuple[tuple[str, float], ...]
    """(split, width in percent of the plot), of train and of test."""
    counts: tuple[str, ...]
    """Rows of each split, with their share where it is drawn: `train 299 (6.8%)`, `test 39 (7.5%)`, `validation 3`."""
    gap: str
    """`none in train`, `few in train`; "" for what is no gap."""
    expected: str
    """`122 would be expected`."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """The rows by one of their sides."""

    name: str
    title: str
    says: str
    bars: tuple[Bar, ...]
    others: int
    """Parts that are not told one by one."""
    divergence: str
    """`0.047 bits, where chance alone gives 0.006`; "" where train and test were not compared."""
    lacks: str
    """Why it cannot be told which parts train or test lacks; "" where it can."""
    ordered: bool

    @property
    def shown(self) -> tuple[Bar, ...]:
        """The parts that are seen first: all where they have an order, else the gaps and the largest."""
        if self.ordered or len(self.bars) <= SHOWN + 2:
            return self.bars
        return (*self.gaps, *(bar for bar in self.bars if not bar.gap))[: max(SHOWN, min(len(self.gaps), 2 * SHOWN))]

    @property
    def rest(self) -> tuple[Bar, ...]:
        """The others."""
        shown = set(map(id, self.shown))
        return tuple(bar for bar in self.bars if id(bar) not in shown)

    @property
    def gaps(self) -> tuple[Bar, ...]:
        """The parts that train or test lacks."""
        return tuple(bar for bar in self.bars if bar.gap)


def title_of(name: str) -> str:
    """What a dimension is called in a sentence."""
    return _TITLES.get(name, name)


def counted_dimension(name: str, table: Mapping[str, object]) -> Dimension | None:
    """From part → split → rows, the largest part first; None where nothing was counted."""
    counted = {part: {split: whole(mapping(table, part), split) or 0 for split in SPLITS} for part in table}
    filled = {part: rows for part, rows in counted.items() if any(rows.values())}
    if not filled:
        return None
    ranked = sorted(filled, key=lambda part: -sum(filled[part].values()))
    totals = {split: sum(rows[split] for rows in filled.values()) for split in SPLITS}
    parts = [{"name": part, "rows": filled[part]} for part in ranked[:PARTS]]
    return told_dimension({"name": name, "rows": totals, "parts": parts, "others": len(ranked) - len(parts)})


def told_dimension(facts: Mapping[str, object]) -> Dimension:
    """From `name`, `says`, the `rows` of each split, and of each of `parts` its `name`, `rows` and what it lacks."""
    name = text(facts, "name")
    parts = entries(facts, "parts")
    totals = {split: whole(mapping(facts, "rows"), split) or 0 for split in SPLITS}
    largest = max(
        (
            (whole(mapping(part, "rows"), split) or 0) / totals[split]
            for part in parts
            for split in DRAWN
            if totals[split]
        ),
        default=0.0,
    )
    divergence, chance = number(facts, "divergence"), number(facts, "chance")
    said = f"{share(divergence)} bits" if divergence is not None else ""
    return Dimension(
        name=name,
        title=title_of(name),
        says=text(facts, "says"),
        bars=tuple(_bar(part, totals, largest or 1.0) for part in parts),
        others=whole(facts, "others") or 0,
        divergence=f"{said}, where chance alone gives about {share(chance)}" if said and chance is not None else said,
        lacks=text(facts, "lacks"),
        ordered=name in _TITLES,
    )


def _bar(part: Mapping[str, object], totals: Mapping[str, int], largest: float) -> Bar:
    rows = mapping(part, "rows")
    counts = {split: whole(rows, split) or 0 for split in SPLITS if totals[split]}
    shares = {split: n / totals[split] for split, n in counts.items()}
    absent, thin, expected = text(part, "absent"), text(part, "thin"), number(part, "expected")
    return Bar(
        name=name_of(text(part, "name")),
        example=text(part, "example").strip(),
        widths=tuple((split, round(100 * shares[split] / largest, 2)) for split in DRAWN if split in shares),
        counts=tuple(
            f"{split} {count(counts[split])}{f' ({percent(shares[split])})' if split in DRAWN else ''}"
            for split in (*DRAWN, "validation")
            if split in counts
        ),
        gap=f"none in {absent}" if absent else f"few in {thin}" if thin else "",
        expected=f"{expected:,.0f} would be expected" if expected is not None and (absent or thin) else "",
    )
