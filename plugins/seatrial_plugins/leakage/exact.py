"""Exact: a train row and a held-out row that say the same after normalising."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from seatrial import Row
from seatrial.data.fingerprint import choices_fingerprint, turns_fingerprint
from seatrial_plugins.leakage.overlap import Overlap
from seatrial_plugins.leakage.texts import Side, compared_turns

__all__ = ["Exact"]


class Exact:
    """Compares fingerprints, as the duplicates filter does with `method: normalised`, system turns left out."""

    name = "exact"
    meaning = "is equal after normalising"

    def __init__(self, held_out: Iterable[Row], on: Side) -> None:
        self._on = on
        self._by_text: defaultdict[bytes, dict[bytes | None, list[int]]] = defaultdict(dict)
        self._alike: dict[int, list[int]] = {}
        for index, row in enumerate(held_out):
            key = self._key(row)
            if key is not None:
                alike = self._by_text[key].setdefault(choices_fingerprint(row, "normalised"), [])
                alike.append(index)
                self._alike[alike[0]] = alike

    def turns(self, row: Row) -> tuple[int, ...]:
        """The input's, or all; never the system's."""
        return compared_turns(row, self._on)

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with that text and those choices."""
        return tuple(self._alike[item])

    def find(self, row: Row) -> Iterator[Overlap]:
        """The held-out rows with the same text; where both offer choices, those must be the same, in any order."""
        key = self._key(row)
        mine = choices_fingerprint(row, "normalised")
        for theirs, alike in self._by_text.get(key, {}).items() if key else ():
            if mine is None or theirs is None or mine == theirs:
                yield Overlap(alike[0], 1.0)

    def _key(self, row: Row) -> bytes | None:
        return turns_fingerprint([row.turns[index] for index in self.turns(row)], "normalised")
