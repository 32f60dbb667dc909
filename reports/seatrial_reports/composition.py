"""Composition: how train, validation and test relate, as the stages counted it: rows by label and slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from seatrial.blocks import Bar, Bars, Block
from seatrial.runs.result import Result
from seatrial.terminal.figures import count
from seatrial.terminal.legible import one_line
from seatrial.terminal.names import listed, name_of
from seatrial_reports.facts import mapping, sequence, whole

__all__ = ["Composition", "build_composition"]

SPLITS = ("train", "validation", "test")

DRAWN = ("train", "test")
"""Those that a bar is drawn for."""

PARTS = 200
"""Labels or slices that are told one by one, the largest first: a set may have as many labels as rows."""

_NOTE = 600
"""Characters of a note of the split's."""

_ABSENT = {
    "labels_not_in_test": "Labels of train that test has no row of, so that nothing is known about them",
    "slices_not_in_train": "Slices of test that train has no row of",
    "slices_not_in_test": "Slices of train that test has no row of, so that nothing is known about them",
}


@dataclass(frozen=True, slots=True)
class Composition:
    """The splits, and how they relate."""

    splits: tuple[tuple[str, int], ...]
    """(split, rows) after decontamination, else as they were split."""
    notes: tuple[str, ...]
    blocks: tuple[Block, ...]


def build_composition(result: Result) -> Composition:
    """From the facts of decontamination, else of the split."""
    split, after = result.facts("split"), result.facts("decontaminate")
    sizes = mapping(after, "splits") or split
    facts = mapping(after, "composition")
    absent = (f"{said}: {listed(found)}." for key, said in _ABSENT.items() if (found := sequence(facts, key)))
    counted = {name: n for name in SPLITS if (n := whole(sizes, name)) is not None}
    return Composition(
        splits=tuple(counted.items()),
        notes=(*(one_line(str(note), _NOTE) for note in sequence(split, "notes")), *absent, *_spread(facts)),
        blocks=tuple(_blocks(facts)),
    )


def _spread(facts: Mapping[str, object]) -> Iterator[str]:
    """How many train rows a label has, from the rarest to the most frequent."""
    labels = mapping(facts, "labels")
    counted = sorted((n, label) for label in labels if (n := whole(mapping(labels, label), "train")))
    if len(counted) > 1:
        (fewest, rare), (most, frequent) = counted[0], counted[-1]
        middle = median(n for n, _ in counted)
        yield (
            f"Train rows a label: {count(fewest)} ({name_of(rare)}) to {count(most)} ({name_of(frequent)}), "
            f"median {middle:g}."
        )


def _blocks(facts: Mapping[str, object]) -> Iterator[Block]:
    labels, slices = mapping(facts, "labels"), mapping(facts, "slices")
    for name, table in (("label", labels), ("slice", slices if slices != labels else {})):
        yield from _bars(name, table)


def _bars(name: str, table: Mapping[str, object]) -> Iterator[Bars]:
    """Rows by label or slice, the largest first."""
    counted = {part: {split: whole(mapping(table, part), split) or 0 for split in SPLITS} for part in table}
    filled = sorted(
        (part for part in counted if any(counted[part].values())), key=lambda part: -sum(counted[part].values())
    )
    totals = {split: sum(rows[split] for rows in counted.values()) for split in SPLITS}
    if filled:
        yield Bars(
            f"Rows by {name}",
            [
                Bar(
                    name_of(part) or "(none)",
                    counted[part][split] / totals[split],
                    series=split,
                    cells=(", ".join(f"{one} {count(counted[part][one])}" for one in SPLITS if totals[one]),),
                )
                for part in filled[:PARTS]
                for split in DRAWN
                if totals[split]
            ],
            columns=("Rows",),
            says="Bars are shares of each split’s rows.",
            of=len(filled),
        )
