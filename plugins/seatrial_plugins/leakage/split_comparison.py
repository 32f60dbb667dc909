"""Split comparison: every preset over every train row, and what is said about what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from seatrial import Finding, Row, Rows
from seatrial.errors import UsageError
from seatrial_plugins.leakage.deepseek_math import DeepSeekMath
from seatrial_plugins.leakage.exact import Exact
from seatrial_plugins.leakage.overlap import Overlap, Preset
from seatrial_plugins.leakage.texts import spans_of, stretch
from seatrial_plugins.leakage.tulu3 import CONTAMINATED, Tulu3

__all__ = ["PresetName", "SplitComparison"]

PresetName = Literal["exact", "tulu3", "deepseek_math"]

QUOTED = 200
"""Characters of the shared text that a finding quotes."""


@dataclass(frozen=True, slots=True)
class SplitComparison:
    """Compares train with the held-out rows; one finding a preset and row on the side that is asked for."""

    presets: tuple[PresetName, ...]
    on: Literal["input", "all"]
    side: Literal["train", "test"]
    template: float

    def __post_init__(self) -> None:
        if not self.presets:
            raise UsageError(
                "leakage: presets is empty, so nothing would be compared; name exact, tulu3 or deepseek_math"
            )
        if not 0 < self.template <= 1:
            raise UsageError(f"leakage: template is {self.template:g}; it is a share above 0, up to 1")

    def compare(self, train: Rows, held_out: Rows) -> Iterable[Finding]:
        """The findings, preset by preset, each in the order of its rows."""
        tallies = [_Tally(self._built(name, held_out), self.side) for name in dict.fromkeys(self.presets)]
        for row in train:
            for tally in tallies:
                tally.add(row)
        for tally in tallies:
            yield from tally.findings(held_out)

    def _built(self, name: PresetName, held_out: Rows) -> Preset:
        if name == "exact":
            return Exact(held_out, self.on)
        if name == "tulu3":
            return Tulu3(held_out, self.template)
        return DeepSeekMath(held_out, self.on, self.template)


@dataclass(slots=True)
class _Leak:
    """A train row and the held-out text that it gives away, the nearest pair of those that one finding is about."""

    row: Row
    overlap: Overlap
    others: int = 0
    """How many more held-out texts (about a train row) or train rows (about a held-out row) there are."""


class _Tally:
    """What one preset has found so far."""

    def __init__(self, preset: Preset, side: Literal["train", "test"]) -> None:
        self._preset = preset
        self._side = side
        self._leaks: dict[str | int, _Leak] = {}
        """By train row id, or by held-out item."""
        self._items: set[int] = set()

    def add(self, row: Row) -> None:
        """Look one train row up."""
        for overlap in sorted(self._preset.find(row), key=lambda overlap: (-overlap.score, overlap.item)):
            self._items.add(overlap.item)
            key = row.id if self._side == "train" else overlap.item
            known = self._leaks.get(key)
            if known is None:
                self._leaks[key] = _Leak(row, overlap)
            elif overlap.score > known.overlap.score:
                self._leaks[key] = _Leak(row, overlap, known.others + 1)
            else:
                known.others += 1

    def findings(self, held_out: Rows) -> Iterator[Finding]:
        """One a leak, or one a held-out row with that text; each tells how much of the held-out rows is given away."""
        if not self._leaks:
            return
        given_away = sum(len(self._preset.alike(item)) for item in self._items)
        ending = _share(self._preset.name, given_away, len(held_out))
        if self._side == "train":
            for leak in self._leaks.values():
                yield self._about_train(leak, held_out[leak.overlap.item], ending)
            return
        for _, leak in sorted(self._leaks.items(), key=lambda item: item[1].overlap.item):
            for index in self._preset.alike(leak.overlap.item):
                yield self._about_held_out(leak, held_out[index], ending)

    def _about_train(self, leak: _Leak, other: Row, ending: str) -> Finding:
        more = f", besides {leak.others} more held-out text{_s(leak.others)}" if leak.others else ""
        detail = f"{leak.overlap.score:.0%} of {other.split or 'held-out'} row {other.id} {self._preset.meaning}{more}"
        return self._finding(leak.row, leak.overlap.in_train, leak.overlap.score, detail + ending, other)

    def _about_held_out(self, leak: _Leak, row: Row, ending: str) -> Finding:
        more = f", besides {leak.others} more train row{_s(leak.others)}" if leak.others else ""
        detail = f"{leak.overlap.score:.0%} of it {self._preset.meaning} with train row {leak.row.id}{more}"
        return self._finding(row, leak.overlap.in_item, leak.overlap.score, detail + ending, leak.row)

    def _finding(self, row: Row, shared: frozenset[int] | None, score: float, detail: str, other: Row) -> Finding:
        spans = spans_of(row, self._preset.turns(row), shared)
        text = stretch(row, spans)
        return Finding(
            row.id,
            self._preset.name,
            detail,
            score=score,
            spans=spans,
            matched_row=other.id,
            matched_text=text[:QUOTED] if text else None,
        )


def _share(preset: str, given_away: int, held_out: int) -> str:
    share = given_away / held_out
    told = f"; in all, {given_away} of {held_out} held-out rows are given away ({share:.1%})"
    if preset == Tulu3.name:
        contaminated = "contaminated" if share > CONTAMINATED else "not contaminated"
        told += f", which Tülu 3 calls {contaminated} (limit {CONTAMINATED:.0%})"
    return told


def _s(count: int) -> str:
    return "" if count == 1 else "s"
