"""How well train covers test: rows by label and slice, and the test rows that nothing in train is like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from seatrial.reporting import Result
from seatrial_reports.dimensions import build_coverage
from seatrial_reports.facts import entries, flat, mapping, number, sequence, text, whole
from seatrial_reports.numbers import count, listed, percent, share

__all__ = ["Bar", "Chart", "Cover", "GapLine", "Part", "build_cover"]

_SPLITS = ("train", "validation", "test")
_DRAWN = 200
_ABSENT = {
    "labels_not_in_test": "Labels of train that test has no row of, so that nothing is known about them",
    "slices_not_in_train": "Slices of test that train has no row of",
    "slices_not_in_test": "Slices of train that test has no row of, so that nothing is known about them",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One split's part of a bar, in percent of the longest bar."""

    split: str
    rows: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One label or slice: a part for each split."""

    label: str
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """The rows of all parts."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class Chart:
    """The rows of each label, or of each slice."""

    kind: str
    """`label` or `slice`."""
    bars: tuple[Bar, ...]
    """The largest first."""
    others: int
    """Labels that are not drawn: a set may have as many as rows."""


@dataclass(frozen=True, slots=True)
class GapLine:
    """A group of test rows that are like each other and like nothing in train."""

    size: int
    excerpt: str
    labels: str
    similarity: str


@dataclass(frozen=True, slots=True)
class Cover:
    """The splits, and how they relate."""

    splits: tuple[tuple[str, int], ...]
    """(split, rows) after leakage, else as they were split."""
    notes: tuple[str, ...]
    charts: tuple[Chart, ...]
    """Not what a coverage filter draws."""
    lonely: str
    """`12 of 105 (11.4%)` test rows have no similar train row, `…, drawn from 3,000,000` where not all were compared; ""
    where nobody looked."""
    measure: str
    """How similarity was measured, and the threshold."""
    nearest: str
    """How near the nearest train row is: `minimum 0.231, 5% 0.45, median 0.72, 95% 0.93`; "" where nobody looked."""
    spread: str
    """Train rows a label: `35 (visa or mastercard) to 187 (card payment fee charged), median 130`."""
    gaps: tuple[GapLine, ...]


def build_cover(result: Result) -> Cover:
    """From the facts of the leakage stage, else of the split."""
    split, leakage = result.facts("split"), result.facts("leakage")
    sizes = mapping(leakage, "splits") or split
    facts = mapping(leakage, "coverage") or mapping(split, "coverage")
    labels, slices = (_bars(mapping(facts, kind)) for kind in ("labels", "slices"))
    drawn = {one.name for cover in build_coverage(result) for one in cover.dimensions}
    absent = (f"{said}: {listed(found)}." for key, said in _ABSENT.items() if (found := sequence(facts, key)))
    return Cover(
        splits=tuple((name, n) for name in _SPLITS if (n := whole(sizes, name)) is not None),
        notes=(*map(str, sequence(split, "notes")), *absent),
        charts=tuple(
            Chart(kind, bars[:_DRAWN], max(len(bars) - _DRAWN, 0))
            for kind, bars in (("label", labels), ("slice", slices if slices != labels else ()))
            if bars and kind not in drawn
        ),
        lonely=_lonely(facts, whole(sizes, "test")),
        measure=_measure(facts),
        nearest=", ".join(f"{name} {written}" for name, written in flat(mapping(facts, "similarity_quantiles"))),
        spread=_spread(mapping(facts, "labels")),
        gaps=tuple(_gap(gap) for gap in entries(facts, "gaps")),
    )


def _bars(table: Mapping[str, object]) -> tuple[Bar, ...]:
    """A bar a label, the largest first; a split that holds no row at all is left out."""
    counted = []
    filled = {name for label in table for name, n in mapping(table, label).items() if n}
    for label in table:
        counts = {name: n for name, n in mapping(table, label).items() if name in filled}
        named = [*(name for name in _SPLITS if name in counts), *(name for name in counts if name not in _SPLITS)]
        found = [(name, n) for name in named if (n := whole(counts, name)) is not None]
        if found:
            counted.append((label, found))
    longest = max((sum(n for _, n in found) for _, found in counted), default=0)
    bars = [Bar(label, _parts(found, max(longest, 1))) for label, found in counted]
    return tuple(sorted(bars, key=lambda bar: -bar.total))


def _spread(labels: Mapping[str, object]) -> str:
    counted = sorted((n, label) for label in labels if (n := whole(mapping(labels, label), "train")))
    if len(counted) < 2:
        return ""
    (fewest, rare), (most, frequent) = counted[0], counted[-1]
    return f"{count(fewest)} ({rare}) to {count(most)} ({frequent}), median {median(n for n, _ in counted):g}"


def _parts(counts: Sequence[tuple[str, int]], longest: int) -> tuple[Part, ...]:
    parts: list[Part] = []
    before = 0
    for split, rows in counts:
        parts.append(Part(split, rows, round(100 * before / longest, 2), round(100 * rows / longest, 2)))
        before += rows
    return tuple(parts)


def _lonely(facts: Mapping[str, object], test: int | None) -> str:
    alone = whole(facts, "without_neighbour")
    if alone is None:
        return ""
    compared = whole(facts, "compared") or test
    drawn = f", drawn from {count(test)}" if compared and test and compared < test else ""
    return f"{count(alone)} of {count(compared)} ({percent(alone / compared)}){drawn}" if compared else count(alone)


def _measure(facts: Mapping[str, object]) -> str:
    threshold = number(facts, "threshold")
    measure = text(facts, "measure")
    return f"{measure}, below {threshold:g}" if measure and threshold is not None else measure


def _gap(gap: Mapping[str, object]) -> GapLine:
    similarity = number(gap, "similarity")
    return GapLine(
        size=whole(gap, "size") or 1,
        excerpt=text(gap, "excerpt").strip(),
        labels=", ".join(f"{label} {n}" for label, n in flat(mapping(gap, "labels"))),
        similarity=share(similarity) if similarity is not None else "",
    )
