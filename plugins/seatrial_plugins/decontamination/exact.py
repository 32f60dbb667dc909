"""Exact: a train row and a held-out row that say the same after normalising."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from seatrial import Row
from seatrial.data.fingerprint import choices_fingerprint, turns_fingerprint
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.texts import Side, compared_turns
from seatrial_plugins.decontamination.units import Units

__all__ = ["Exact"]


class Exact(RowByRow):
    """Compares fingerprints, as the duplicates filter does with `method: normalised`, system turns left out.

    Texts that normalise to the same have the same words, so a row whose words no held-out text has needs no fingerprint.
    """

    name = "exact"

    def __init__(self, held_out: HeldOut, words: Units, on: Side) -> None:
        super().__init__(on)
        self._words = words
        codes = held_out.items(words, on).codes
        self._spelled = {b"", *(codes[text].tobytes() for text in range(len(codes)))}
        alike: defaultdict[tuple[bytes, bytes | None, int], list[int]] = defaultdict(list)
        for index, (row, group) in enumerate(zip(held_out.rows, held_out.groups.tolist(), strict=True)):
            key = self._key(row)
            if key is not None:
                alike[key, choices_fingerprint(row, "normalised"), group].append(index)
        self._by_text: defaultdict[bytes, list[tuple[bytes | None, int]]] = defaultdict(list)
        for (key, choices, _), rows in alike.items():
            self._by_text[key].append((choices, rows[0]))
        self._alike = {rows[0]: tuple(rows) for rows in alike.values()}

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out rows with the same text; where both offer choices, those must be the same, in any order."""
        codes = batch.codes(self._words, self.on)
        for index, row in enumerate(batch.rows):
            if codes[index].tobytes() in self._spelled:
                yield from (Overlap(index, item, 1.0) for item in self._equal(row))

    def _equal(self, row: Row) -> Iterator[int]:
        key = self._key(row)
        known = self._by_text.get(key, ()) if key else ()
        mine = choices_fingerprint(row, "normalised") if known else None
        return (item for theirs, item in known if mine is None or theirs is None or mine == theirs)

    def looked_for(self) -> Iterable[int]:
        """Every text."""
        return self._alike

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with that text and those choices."""
        return self._alike[item]

    def says(self, found: Found) -> str:
        """Equality has no degrees."""
        del found
        return "the same after normalising"

    def _key(self, row: Row) -> bytes | None:
        return turns_fingerprint([row.turns[index] for index in compared_turns(row, self.on)], "normalised")
