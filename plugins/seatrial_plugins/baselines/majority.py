"""The majority class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seatrial.errors import StageError
from seatrial.rows import Row
from seatrial_plugins.baselines.labelled import labelled

__all__ = ["Majority"]


class Majority:
    """Always answers the most frequent label of the train rows; of several, the first by name."""

    def __init__(self) -> None:
        self._label: str | None = None

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:  # noqa: ARG002  counting needs no seed
        """Count the labels."""
        _, labels = labelled(rows, "majority", classes=1)
        self._label = min(Counter(labels).items(), key=lambda item: (-item[1], item[0]))[0]

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The same label for each row."""
        if self._label is None:
            raise StageError("baseline majority: asked before it was fitted; call fit first")
        return [self._label] * len(rows)
