"""A batch of train rows, with each of its readings made once for all presets that need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seatrial import Row
from seatrial.model import Encoder
from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.texts import Side, compared_text
from seatrial_plugins.decontamination.units import Units

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Batch"]


class Batch:
    """Some train rows, as texts and as codes."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._texts: dict[Side, list[str]] = {}
        self._codes: dict[tuple[Units, Side], Codes] = {}
        self._vectors: dict[tuple[int, Side], np.ndarray] = {}

    def texts(self, on: Side) -> list[str]:
        """The compared text of each row."""
        if on not in self._texts:
            self._texts[on] = [compared_text(row, on) for row in self.rows]
        return self._texts[on]

    def vectors(self, encoder: Encoder, on: Side) -> np.ndarray:
        """The vector of each row's compared text; shape [rows, dimensions]."""
        key = (id(encoder), on)
        if key not in self._vectors:
            self._vectors[key] = encoder.encode(self.texts(on))
        return self._vectors[key]

    def unread(self, encoder: Encoder, on: Side) -> list[Row]:
        """The rows of whose text the encoder knows nothing: such texts are near to none."""
        seen = [bool(vector.any()) for vector in self.vectors(encoder, on)]
        return [row for row, text, one in zip(self.rows, self.texts(on), seen, strict=True) if text.strip() and not one]

    def codes(self, units: Units, on: Side) -> Codes:
        """The units of each row's compared text."""
        key = (units, on)
        if key not in self._codes:
            self._codes[key] = units.read(self.texts(on))
        return self._codes[key]
