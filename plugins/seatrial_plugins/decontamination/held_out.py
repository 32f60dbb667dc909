"""Held out: everything that must not be trained on: the held-out rows, and the items of benchmarks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seatrial import Benchmark, Row
from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.texts import Side, compared_text
from seatrial_plugins.decontamination.units import Units

__all__ = ["HELD_OUT", "HeldOut", "Items"]

HELD_OUT = "held_out"
"""The name of the group of the validation and test rows; no benchmark may have it."""


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The different texts of the held-out rows of each group.

    Equal texts of a group are one: a copy among the held-out rows must not look like a template.
    """

    codes: Codes
    rows: tuple[tuple[int, ...], ...]
    """The indices of the held-out rows that have each text."""
    groups: np.ndarray
    """int64, shape [texts]: the group of each."""
    counts: np.ndarray
    """int64, shape [groups]: how many different texts each group has."""
    units_a_word: np.ndarray
    """Shape [texts]: how many units of each stand for a word, 1 but in scripts without spaces."""

    def __len__(self) -> int:
        return len(self.rows)


class HeldOut:
    """The held-out rows of a run and the benchmarks' items, one after the other."""

    def __init__(self, held_out: Iterable[Row], against: Mapping[str, Benchmark]) -> None:
        groups = {HELD_OUT: tuple(held_out), **{name: benchmark.items for name, benchmark in against.items()}}
        self.names = tuple(groups)
        """The groups' names: `held_out`, then the benchmarks'."""
        self.sizes = tuple(map(len, groups.values()))
        self.rows = tuple(row for rows in groups.values() for row in rows)
        self._items: dict[tuple[Units, Side], Items] = {}

    @cached_property
    def groups(self) -> np.ndarray:
        """int64, shape [rows]: the group of each row."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def items(self, units: Units, on: Side) -> Items:
        """The texts of those turns, in the order of their first rows; those without any unit are left out."""
        key = (units, on)
        if key not in self._items:
            self._items[key] = self._distinct(units, units.learn([compared_text(row, on) for row in self.rows]))
        return self._items[key]

    def _distinct(self, units: Units, texts: Codes) -> Items:
        alike: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
        for row, group in enumerate(self.groups.tolist()):
            if len(text := texts[row]):
                alike[group, text.tobytes()].append(row)
        rows = tuple(map(tuple, alike.values()))
        groups = np.array([group for group, _ in alike], dtype=np.int64)
        codes = Codes.of([texts[those[0]] for those in rows])
        words = np.array([units.in_words(codes[text]).sum() for text in range(len(rows))])
        counts = np.bincount(groups, minlength=len(self.names))
        return Items(codes, rows, groups, counts, codes.lengths / np.maximum(words, 1e-9))
