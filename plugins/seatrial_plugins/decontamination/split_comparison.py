"""Split comparison: every preset over every train row, and what is said about what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from seatrial import Benchmark, Finding, Measured, Row, Rows, SplitFindings
from seatrial.data.searching import search_all
from seatrial.errors import UsageError
from seatrial.terminal.names import listed
from seatrial_plugins.decontamination import IN_VALIDATION, UNREAD, PresetName, embeds
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.blocks import GivenAway, given_away_blocks, unread_blocks
from seatrial_plugins.decontamination.held_out import HELD_OUT, HeldOut
from seatrial_plugins.decontamination.overlap import Found, Preset
from seatrial_plugins.decontamination.presets import PresetOptions, build_presets
from seatrial_plugins.decontamination.records import QUOTED, FoundBy, records_of, records_of_unread
from seatrial_plugins.decontamination.texts import compared_text, stretch

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
    """Compares train with everything that is held out (`SearchingFilter`, `HoldsValidation`).

    One finding a preset, row and group (the held-out rows, or a benchmark), about the nearest of the group's texts.
    """

    presets: tuple[PresetName, ...]
    against: Mapping[str, Benchmark]
    side: Literal["train", "test"]
    options: PresetOptions
    learned: Literal["train", "validation"] = "train"
    """Where the rows come from that must not give anything away."""

    def __post_init__(self) -> None:
        if not self.presets:
            raise UsageError(
                "leakage: presets is empty, so nothing would be compared; name one, such as exact or tulu3"
            )
        if not 0 < self.options.template <= 1:
            raise UsageError(f"leakage: template is {self.options.template:g}; it is a share above 0, up to 1")
        if HELD_OUT in self.against:
            raise UsageError(f"leakage: against: {HELD_OUT} is what the validation and test rows are called; rename it")

    def of_validation(self) -> SplitComparison:
        """The same rules for validation rows: it is these that are found, for test rows stay as they are."""
        return replace(self, side="train", learned="validation")

    def compare(self, train: Rows, held_out: Rows) -> SplitFindings:
        """The findings, preset by preset, each in the order of its rows; how many items of each group are given away."""
        return SplitFindings.of(search_all(self, train, held_out))

    def index(self, held_out: Rows) -> Index:
        """The presets, built from the held-out rows and the benchmarks."""
        everything = HeldOut(held_out, self.against)
        return Index(everything, build_presets(self.presets, everything, self.options))

    def search(self, index: Index, rows: Sequence[Row]) -> pa.Table:
        """What each preset finds in those rows."""
        import pyarrow as pa

        batch = Batch(rows)
        found = records_of(batch, index.presets)
        encoder = self.options.encoder
        if encoder is None or not self._embedding:
            return found
        return pa.concat_tables([found, records_of_unread(batch.unread(encoder, self.options.on))])

    @property
    def _embedding(self) -> list[str]:
        """The presets that compare by the encoder."""
        return [name for name in self.presets if embeds({"presets": [name]})]

    def conclude(self, index: Index, found: pa.Table, train: Rows, held_out: Rows) -> SplitFindings:
        """What counts once all rows are known, told for the side that the suite asks for."""
        overlaps = {preset: FoundBy(preset.name, found) for preset in index.presets}
        contaminated = {
            preset.name: _rows(preset, (found.item for found in preset.settle(of_preset)))
            for preset, of_preset in overlaps.items()
        }
        looked_for = {preset.name: _rows(preset, preset.looked_for()) for preset in index.presets}
        groups = _groups(index.held_out, contaminated, looked_for)
        measured = _measured(groups, held_out) if self.learned == "train" else _measured_of_validation(groups)

        unread = self._unread(index, found, looked_for) if self.learned == "train" else []

        def findings() -> Iterator[Finding]:
            yield from unread
            for preset, of_preset in overlaps.items():
                yield from self._told(index.held_out, preset, preset.settle(of_preset))

        return SplitFindings(
            findings(),
            measured.measures,
            measured.missing,
            _facts(groups)
            | {preset.name: facts for preset, of_preset in overlaps.items() if (facts := preset.facts(of_preset))},
            [
                *given_away_blocks(groups, self.presets, self.learned),
                *unread_blocks(
                    [finding.row for finding in unread],
                    len(train),
                    [row.id for row in index.held_out.rows[: index.held_out.sizes[0]]],
                ),
            ],
        )

    def _unread(self, index: Index, found: pa.Table, looked_for: Mapping[str, set[int]]) -> list[Finding]:
        """The train rows, then the held-out rows, that the encoder cannot read."""
        import pyarrow.compute as pc

        if not self._embedding:
            return []
        read = set().union(*(looked_for[name] for name in self._embedding))
        rows = index.held_out.rows[: index.held_out.sizes[0]]
        held_out = [
            row.id
            for place, row in enumerate(rows)
            if place not in read and compared_text(row, self.options.on).strip()
        ]
        ids = found.filter(pc.equal(found["preset"], UNREAD))["row"].to_pylist() + held_out
        scripts = ", ".join(getattr(self.options.encoder, "scripts", ()))
        reads = f" (the scripts that it reads are {scripts})" if scripts else ""
        why = f"the encoder cannot read it{reads}, so {listed(self._embedding)} compare it with nothing"
        return [Finding(name, UNREAD, why) for name in ids]

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


def _groups(
    held_out: HeldOut, contaminated: Mapping[str, set[int]], looked_for: Mapping[str, set[int]]
) -> list[GivenAway]:
    """The held-out rows and each benchmark: how many of its items each preset looked for and found."""
    found, looked = (
        {preset: _by_group(held_out, rows) for preset, rows in sets.items()} for sets in (contaminated, looked_for)
    )
    by_any, looked_by_any = (_by_group(held_out, set().union(*sets.values())) for sets in (contaminated, looked_for))
    return [
        GivenAway(
            name,
            size,
            {preset: counts[group] for preset, counts in looked.items()},
            {preset: counts[group] for preset, counts in found.items()},
            by_any[group] if looked_by_any[group] else None,
        )
        for group, (name, size) in enumerate(zip(held_out.names, held_out.sizes, strict=True))
    ]


def _measured(groups: Sequence[GivenAway], held_out: Iterable[Row]) -> Measured:
    """By group: how many of its items any preset found, and their share; missing where no preset looked for any of them."""
    measures: dict[str, float] = {}
    # Where there are validation rows, and others to hold them against, `of_validation` tells it.
    lacks = "test" if any(row.split == "validation" for row in held_out) else "validation"
    missing = {IN_VALIDATION: f"there is no {lacks} row"}
    for one in groups:
        names = f"{one.name}_contaminated", f"{one.name}_contaminated_share"
        if one.by_any is not None:
            measures |= zip(names, (one.by_any, one.by_any / one.items), strict=True)
            continue
        what = "held-out row" if one.name == HELD_OUT else f"item of {one.name}"
        rules = " or ".join(one.looked_for)
        missing |= dict.fromkeys(
            names, f"no {what} has text enough of its own for {rules}" if one.items else f"there is no {what}"
        )
    return Measured(measures, missing)


def _measured_of_validation(groups: Sequence[GivenAway]) -> Measured:
    """How many items of all groups any preset found; missing where no preset looked for any of them."""
    known = [one.by_any for one in groups if one.by_any is not None]
    if known:
        return Measured({IN_VALIDATION: sum(known)})
    return Measured(
        missing={IN_VALIDATION: f"no test row has text enough of its own for {' or '.join(groups[0].looked_for)}"}
    )


def _facts(groups: Sequence[GivenAway]) -> dict[str, object]:
    """By group: its size, and how many of its items each preset looked for and found."""
    return {
        "groups": {
            one.name: {"items": one.items, "looked_for": one.looked_for, "contaminated": one.found} for one in groups
        }
    }


def _by_group(held_out: HeldOut, rows: set[int]) -> list[int]:
    counts = [0] * len(held_out.names)
    for row in rows:
        counts[int(held_out.groups[row])] += 1
    return counts
