"""An overlap: what one train row and one held-out text have in common, by one preset; and what a preset is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from seatrial import Row, Span
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.texts import Runs

__all__ = ["Found", "Overlap", "Overlaps", "Preset"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """One held-out text that a train row gives away, or does its part in giving away."""

    row: int
    """The train row's index in the batch."""
    item: int
    """Index of the first held-out row with that text."""
    score: float
    """In the preset's own unit; the higher, the more is given away."""
    in_row: Runs | None = None
    """Which units of the train row are shared; None for all that was compared."""
    in_item: Runs | None = None
    """Which units of the held-out text are shared; None for all."""
    also: tuple[int, ...] = ()
    """What the preset needs besides to come to its conclusion."""


@dataclass(frozen=True, slots=True)
class Found:
    """An overlap that has left its batch: the row is an id, and the evidence is taken down."""

    row: str
    item: int
    score: float
    in_item: Runs | None
    spans: tuple[Span, ...]
    """Where the shared units stand in the train row."""
    quote: str | None
    """The longest of these stretches, as the row writes it."""
    also: tuple[int, ...] = ()


class Overlaps(Protocol):
    """What a preset found in all train rows, in their order; it can be gone through more than once."""

    def __iter__(self) -> Iterator[Found]: ...


class Preset(Protocol):
    """One published rule, built from everything that is held out."""

    @property
    def name(self) -> str:
        """The rule's name in the ledger."""
        ...

    def find(self, batch: Batch) -> Iterable[Overlap]:
        """What the rows give away, by row, at most one overlap a row and text. It depends on each row alone."""
        ...

    def settle(self, overlaps: Overlaps) -> Iterable[Found]:
        """Those that count once all train rows are known, in the same order, perhaps with other scores and evidence."""
        ...

    def facts(self, overlaps: Overlaps) -> Mapping[str, object]:
        """What the rule has to say besides. JSON values."""
        ...

    def looked_for(self) -> Iterable[int]:
        """The first held-out rows of the texts that a train row could give away: long enough for the rule, no mere wording."""
        ...

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows that have the text of `item`, itself included."""
        ...

    def spans(self, row: Row, runs: Runs | None) -> tuple[Span, ...]:
        """Where some units of a row, train or held-out, stand in it."""
        ...

    def says(self, found: Found) -> str:
        """What is found, to follow on the held-out text's name and a colon: `83% of its words lie in shared 8-grams`."""
        ...
