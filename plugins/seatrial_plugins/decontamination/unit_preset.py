"""What all presets do alike that compare units: words, tokens or characters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from seatrial import Row, Span
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.texts import Runs, Side, compared_text
from seatrial_plugins.decontamination.units import Units

__all__ = ["UnitPreset"]


class UnitPreset(RowByRow):
    """The held-out texts in some units, and what follows from these; runs are units of the compared text."""

    def __init__(self, held_out: HeldOut, units: Units, on: Side) -> None:
        super().__init__(on)
        self.units = units
        self.items = held_out.items(units, on)

    @cached_property
    def _alike(self) -> Mapping[int, tuple[int, ...]]:
        return {rows[0]: rows for rows in self.items.rows}

    @cached_property
    def _text_of(self) -> Mapping[int, int]:
        return {rows[0]: text for text, rows in enumerate(self.items.rows)}

    def first(self, text: int) -> int:
        """The first held-out row that has a text of `items`."""
        return self.items.rows[text][0]

    def text(self, item: int) -> int:
        """The text of `items` that a held-out row is the first one of."""
        return self._text_of[item]

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same units."""
        return self._alike[item]

    def spans(self, row: Row, runs: Runs | None) -> tuple[Span, ...]:
        """From the units' places in the compared text; all of it for None."""
        if runs is None:
            return super().spans(row, None)
        places = self.units.spans(compared_text(row, self.on))
        return super().spans(row, tuple((places[start][0], places[end - 1][1]) for start, end in runs))
