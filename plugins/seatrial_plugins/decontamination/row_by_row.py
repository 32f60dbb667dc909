"""What presets do alike that judge each row by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seatrial import Row, Span
from seatrial_plugins.decontamination.overlap import Found, Overlaps
from seatrial_plugins.decontamination.texts import Runs, Side, spans_of, whole_text

__all__ = ["RowByRow"]


class RowByRow:
    """What one row gives away doesn't hang on other rows; runs are characters of the compared text."""

    def __init__(self, on: Side) -> None:
        self.on: Side = on

    def settle(self, overlaps: Overlaps) -> Iterable[Found]:
        """All of them."""
        return overlaps

    def facts(self, overlaps: Overlaps) -> Mapping[str, object]:
        """Nothing besides."""
        del overlaps
        return {}

    def spans(self, row: Row, runs: Runs | None) -> tuple[Span, ...]:
        """Where the runs stand; all that was compared for None."""
        return spans_of(row, self.on, [(0, len(whole_text(row, self.on)))] if runs is None else runs)
