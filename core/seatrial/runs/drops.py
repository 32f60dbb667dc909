"""Drops: which rules took out how many rows of a stage, and where the first of each stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MUCH", "Drops", "worst_rules"]

MUCH = 0.25
"""The share of a stage's rows from which on dropping them is a warning."""

NAMED = 3
"""Rules that a message names."""


class Drops:
    """The counts of one stage."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, rule: str, place: str, rows: int = 1) -> None:
        """Count rows that `rule` took out, the first of which stands at `place` (`file:line`)."""
        self._rows[rule] = self._rows.get(rule, 0) + rows
        self._first.setdefault(rule, place)

    def add_entries(self, entries: pa.Table) -> None:
        """Count the decisive entries of a table of `seatrial.data.ledger.ledger_schema()`."""
        decisive = entries.filter(entries["decisive"])
        if not len(decisive):
            return
        counts = decisive.group_by(["filter", "rule"], use_threads=False).aggregate(
            [("row", "count"), ("file", "first"), ("line", "first")]
        )
        for found in counts.to_pylist():
            rule, place = f"{found['filter']}/{found['rule']}", f"{found['file_first']}:{found['line_first']}"
            self.add(rule, place, found["row_count"])

    def facts(self) -> list[dict[str, object]]:
        """Each rule with its rows and the first of them, those with most rows first, as JSON values."""
        return [
            {"rule": rule, "rows": rows, "first": self._first[rule]}
            for rule, rows in sorted(self._rows.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def warnings(self, stage: str, rows_in: int, *, what: str = "rows", lost: str = "were dropped") -> list[str]:
        """A sentence, where much of what came in was taken out."""
        dropped = sum(self._rows.values())
        if not dropped or dropped < MUCH * rows_in:
            return []
        share = f"{dropped:,} of {rows_in:,} {what} ({_percent(dropped, rows_in)})"
        left = "what is left may no longer be the data that was meant."
        return [f"{stage}: {share} {lost}: {worst_rules(self.facts())}; {left}"]


def worst_rules(drops: Iterable[Mapping[str, Any]]) -> str:
    """The rules that took out most rows, in words: `length/too-short 31 (first rows.csv:2), …`."""
    worst: Sequence[Mapping[str, Any]] = sorted(drops, key=lambda drop: -drop["rows"])
    said = ", ".join(f"{drop['rule']} {drop['rows']:,} (first {drop['first']})" for drop in worst[:NAMED])
    return said + (f" and {len(worst) - NAMED} more rules" if len(worst) > NAMED else "")


def _percent(part: int, whole: int) -> str:
    """`99.9%` where it is not quite all."""
    return "100%" if part == whole else f"{min(100 * part / whole, 99.9):.1f}%"
