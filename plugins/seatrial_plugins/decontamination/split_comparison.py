"""Split comparison: every preset over every train row, and what is said about what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from seatrial import Benchmark, Comparison, Finding, Measured, Row, Rows
from seatrial.data.searching import search_all
from seatrial.errors import UsageError
from seatrial_plugins.decontamination import PresetName
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HELD_OUT, HeldOut
from seatrial_plugins.decontamination.overlap import Found, Preset
from seatrial_plugins.decontamination.presets import PresetOptions, build_presets
from seatrial_plugins.decontamination.records import QUOTED, FoundBy, records_of
from seatrial_plugins.decontamination.texts import stretch

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SplitComparison"]


@dataclass(frozen=True, slots=True)
class Index:
    """What train rows are looked up in."""

    held_out: HeldOut
    presets: Sequence[Preset]


@dataclass(frozen=True, slots=True)
class SplitComparison:
    """Compares train with everything that is held out (`SearchingFilter`).

    One finding a preset, row and group (the held-out rows, or a benchmark), about the nearest of the group's texts.
    """

    presets: tuple[PresetName, ...]
    against: Mapping[str, Benchmark]
    side: Literal["train", "test"]
    options: PresetOptions

    def __post_init__(self) -> None:
        if not self.presets:
            raise UsageError(
                "leakage: presets is empty, so nothing would be compared; name one, such as exact or tulu3"
            )
        if not 0 < self.options.template <= 1:
            raise UsageError(f"leakage: template is {self.options.template:g}; it is a share above 0, up to 1")
        if HELD_OUT in self.against:
            raise UsageError(f"leakage: against: {HELD_OUT} is what the validation and test rows are called; rename it")

    def compare(self, train: Rows, held_out: Rows) -> Comparison:
        """The findings, preset by preset, each in the order of its rows; how many items of each group are given away."""
        return Comparison.of(search_all(self, train, held_out))

    def index(self, held_out: Rows) -> Index:
        """The presets, built from the held-out rows and the benchmarks."""
        everything = HeldOut(held_out, self.against)
        return Index(everything, build_presets(self.presets, everything, self.options))

    def search(self, index: Index, rows: Sequence[Row]) -> pa.Table:
        """What each preset finds in those rows."""
        return records_of(Batch(rows), index.presets)

    def conclude(self, index: Index, found: pa.Table, train: Rows, held_out: Rows) -> Comparison:
        """What counts once all rows are known, told for the side that the suite asks for."""
        del train, held_out
        overlaps = {preset: FoundBy(preset.name, found) for preset in index.presets}
        contaminated = {
            preset.name: _rows(preset, (found.item for found in preset.settle(of_preset)))
            for preset, of_preset in overlaps.items()
        }
        looked_for = {preset.name: _rows(preset, preset.looked_for()) for preset in index.presets}
        measured = _measured(index.held_out, contaminated, looked_for)

        def findings() -> Iterator[Finding]:
            for preset, of_preset in overlaps.items():
                yield from self._told(index.held_out, preset, preset.settle(of_preset))

        return Comparison(
            findings(),
            measured.measures,
            measured.missing,
            _facts(index.held_out, contaminated, looked_for)
            | {preset.name: facts for preset, of_preset in overlaps.items() if (facts := preset.facts(of_preset))},
        )

    def _told(self, held_out: HeldOut, preset: Preset, overlaps: Iterable[Found]) -> Iterator[Finding]:
        """Findings about train rows as they come; those about held-out rows behind them."""
        leaks: dict[int, _Leak] = {}
        for _, of_row in groupby(overlaps, key=lambda found: found.row):
            by_group: dict[int, _Leak] = {}
            for found in of_row:
                group = int(held_out.groups[found.item])
                if self.side == "test" and group == 0:
                    _nearest(leaks, found.item, found)
                else:
                    _nearest(by_group, group, found)
            yield from (_about_train(preset, held_out, leak) for leak in by_group.values())
        for item, leak in sorted(leaks.items()):
            yield from (_about_held_out(preset, held_out.rows[row], leak) for row in preset.alike(item))


@dataclass(slots=True)
class _Leak:
    """The nearest overlap of those that one finding is about."""

    found: Found
    others: int = 0
    """How many more held-out texts (about a train row) or train rows (about a held-out row) there are."""


def _nearest(leaks: dict[int, _Leak], key: int, found: Found) -> None:
    known = leaks.get(key)
    if known is None:
        leaks[key] = _Leak(found)
        return
    known.others += 1
    if (found.score, -found.item) > (known.found.score, -known.found.item):
        known.found = found


def _about_train(preset: Preset, held_out: HeldOut, leak: _Leak) -> Finding:
    found = leak.found
    other = held_out.rows[found.item]
    kind = f"{other.split or 'held-out'} row" if held_out.groups[found.item] == 0 else "benchmark item"
    more = f"; besides {leak.others} more text{_s(leak.others)}" if leak.others else ""
    return Finding(
        found.row,
        preset.name,
        f"{kind} {other.id}: {preset.says(found)}{more}",
        score=found.score,
        spans=found.spans,
        matched_row=other.id,
        matched_text=found.quote,
    )


def _about_held_out(preset: Preset, row: Row, leak: _Leak) -> Finding:
    found = leak.found
    spans = preset.spans(row, found.in_item)
    text = stretch(row, spans)
    more = f", besides {leak.others} more train row{_s(leak.others)}" if leak.others else ""
    return Finding(
        row.id,
        preset.name,
        f"{preset.says(found)}: train row {found.row}{more}",
        score=found.score,
        spans=spans,
        matched_row=found.row,
        matched_text=text[:QUOTED] if text else None,
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"


# ---- how much is given away -----------------------------------------------------------------------------------------


def _rows(preset: Preset, items: Iterable[int]) -> set[int]:
    """All held-out rows, and benchmarks' items, with the texts of those first ones."""
    return {row for item in set(items) for row in preset.alike(item)}


def _measured(held_out: HeldOut, contaminated: Mapping[str, set[int]], looked_for: Mapping[str, set[int]]) -> Measured:
    """By group: how many of its rows any preset found, and their share; missing where no preset looked for any of them."""
    found, looked = (_by_group(held_out, set().union(*rows.values())) for rows in (contaminated, looked_for))
    measures: dict[str, float] = {}
    missing: dict[str, str] = {}
    for group, (name, size) in enumerate(zip(held_out.names, held_out.sizes, strict=True)):
        if looked[group]:
            measures |= {f"{name}_contaminated": found[group], f"{name}_contaminated_share": found[group] / size}
            continue
        what = "held-out row" if name == HELD_OUT else f"item of {name}"
        why = f"no {what} has text enough of its own for {' or '.join(looked_for)}" if size else f"there is no {what}"
        missing |= {f"{name}_contaminated": why, f"{name}_contaminated_share": why}
    return Measured(measures, missing)


def _facts(
    held_out: HeldOut, contaminated: Mapping[str, set[int]], looked_for: Mapping[str, set[int]]
) -> dict[str, object]:
    """By group: its size, and how many of its rows each preset looked for and found."""
    counts = {
        key: {preset: _by_group(held_out, rows) for preset, rows in sets.items()}
        for key, sets in (("looked_for", looked_for), ("contaminated", contaminated))
    }
    return {
        "groups": {
            name: {"items": size}
            | {key: {preset: of_preset[group] for preset, of_preset in of.items()} for key, of in counts.items()}
            for group, (name, size) in enumerate(zip(held_out.names, held_out.sizes, strict=True))
        }
    }


def _by_group(held_out: HeldOut, rows: set[int]) -> list[int]:
    counts = [0] * len(held_out.names)
    for row in rows:
        counts[int(held_out.groups[row])] += 1
    return counts
