"""The different texts of the held-out rows, and which rows have each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from seatrial import Row
from seatrial_plugins.leakage.texts import Side, compared_turns, spelled

__all__ = ["HeldOutTexts"]


@dataclass(frozen=True, slots=True)
class HeldOutTexts:
    """Equal texts are one: a copy among the held-out rows must not look like a template."""

    texts: tuple[tuple[str, ...], ...]
    """The words of each; none is empty."""
    rows: tuple[tuple[int, ...], ...]
    """The indices of the held-out rows that have it."""

    @classmethod
    def read(cls, held_out: Iterable[Row], on: Side) -> HeldOutTexts:
        """The texts in the order of their first rows."""
        rows: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, row in enumerate(held_out):
            text = spelled(row, compared_turns(row, on))
            if text:
                rows[text].append(index)
        return cls(tuple(rows), tuple(map(tuple, rows.values())))
