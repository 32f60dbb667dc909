"""How well train covers test: rows by label and slice, and the test rows that nothing in train is like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from seatrial.runs.result import Result
from seatrial.terminal.legible import one_line
from seatrial_reports.coverage import build_coverage
from seatrial_reports.dimensions import SPLITS, Dimension, counted_dimension
from seatrial_reports.facts import entries, mapping, sequence, whole
from seatrial_reports.names import listed, name_of
from seatrial_reports.nearness import Kind, Nearness, build_kind, build_nearness
from seatrial_reports.numbers import count

__all__ = ["Cover", "build_cover"]

_NOTE = 600
"""Characters of a note of the split's."""

_ABSENT = {
    "labels_not_in_test": "Labels of train that test has no row of, so that nothing is known about them",
    "slices_not_in_train": "Slices of test that train has no row of",
    "slices_not_in_test": "Slices of train that test has no row of, so that nothing is known about them",
}


@dataclass(frozen=True, slots=True)
class Cover:
    """The splits, and how they relate."""

    splits: tuple[tuple[str, int], ...]
    """(split, rows) after leakage, else as they were split."""
    notes: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    """The rows by label and by slice; not what a coverage filter draws."""
    near: Nearness
    spread: str
    """Train rows a label: `35 (visa or mastercard) to 187 (card payment fee charged), median 130`."""
    gaps: tuple[Kind, ...]


def build_cover(result: Result) -> Cover:
    """From the facts of the leakage stage, else of the split."""
    split, leakage = result.facts("split"), result.facts("decontaminate")
    sizes = mapping(leakage, "splits") or split
    facts = mapping(leakage, "coverage") or mapping(split, "coverage")
    labels, slices = mapping(facts, "labels"), mapping(facts, "slices")
    counted = {"label": labels, "slice": slices if slices != labels else {}}
    drawn = {one.name for cover in build_coverage(result) for one in cover.dimensions}
    absent = (f"{said}: {listed(found)}." for key, said in _ABSENT.items() if (found := sequence(facts, key)))
    return Cover(
        splits=tuple((name, n) for name in SPLITS if (n := whole(sizes, name)) is not None),
        notes=(*(one_line(str(note), _NOTE) for note in sequence(split, "notes")), *absent),
        dimensions=tuple(
            dimension
            for name, table in counted.items()
            if name not in drawn and (dimension := counted_dimension(name, table))
        ),
        near=build_nearness(facts, whole(sizes, "test")),
        spread=_spread(labels),
        gaps=tuple(build_kind(gap) for gap in entries(facts, "gaps")),
    )


def _spread(labels: Mapping[str, object]) -> str:
    counted = sorted((n, label) for label in labels if (n := whole(mapping(labels, label), "train")))
    if len(counted) < 2:
        return ""
    (fewest, rare), (most, frequent) = counted[0], counted[-1]
    return f"{count(fewest)} ({name_of(rare)}) to {count(most)} ({name_of(frequent)}), median {median(n for n, _ in counted):g}"
