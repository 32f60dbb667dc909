"""A tally: what each filter of a stage found and dropped, counted from the entries as they pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from seatrial.blocks.codec import to_json
from seatrial.data.filters import Measured
from seatrial.runs import contracts
from seatrial.runs.drops import Drops
from seatrial.runs.suite_filter import SuiteFilter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Tally"]


class Tally:
    """The counts of one stage."""

    def __init__(self, stage: str, filters: Sequence[SuiteFilter]) -> None:
        self._stage = stage
        self._counts: dict[str, dict[str, Any]] = {
            one.alias: {
                "filter": one.alias,
                "plugin": one.plugin,
                "summary": one.component.summary,
                "rules": {rule.name: rule.summary for rule in one.component.rules},
                "findings": 0,
                "dropped": 0,
                "weak": one.weak,
                "unseen": one.unseen,
            }
            for one in filters
        }
        self._who = {one.alias: one.who(stage) for one in filters}
        self._metrics = {
            one.alias: {metric.name for metric in one.component.metrics_for(one.options)} for one in filters
        }
        self._drops = Drops()
        self._warnings: list[str] = []
        self._unknown = (
            {}
            if any(one.drops for one in filters)
            else {"dropped": f"no filter of the suite takes rows out in the stage {stage}"}
        )

    def add(self, entries: pa.Table) -> None:
        """Count the entries of a table of `seatrial.data.ledger.ledger_schema()`."""
        if not len(entries):
            return
        self._drops.add_entries(entries)
        counts = entries.group_by("filter").aggregate([("row", "count"), ("decisive", "sum")])
        for count in counts.to_pylist():
            self._counts[count["filter"]]["findings"] += count["row_count"]
            self._counts[count["filter"]]["dropped"] += count["decisive_sum"]

    def note(self, alias: str, measured: Measured) -> None:
        """Keep what a filter measured and told besides its findings, and why it did not measure something.

        Raises:
            PluginError: a measure is no number, a reason no text, a fact no JSON value, a block cannot be shown, or it is not
                what the filter declares.
        """
        contracts.told(measured, self._who[alias], self._metrics[alias])
        self._counts[alias] |= {
            "measures": dict(measured.measures),
            "missing": dict(measured.missing),
            "facts": dict(measured.facts),
            "blocks": [to_json(block) for block in measured.blocks],
        }

    def warn(self, sentences: Iterable[str]) -> None:
        """Keep what a reviewer must see."""
        self._warnings += sentences

    @property
    def dropped(self) -> int:
        """Rows that are out: each has one decisive entry."""
        return sum(count["dropped"] for count in self._counts.values())

    def facts(self, rows_in: int, rows_out: int) -> dict[str, object]:
        """The stage's counts; what came in is what went out and what was dropped."""
        if rows_in != rows_out + self.dropped:
            raise AssertionError(f"{self._stage}: {rows_in} rows in, {rows_out} out, {self.dropped} dropped")
        return {
            "rows_in": rows_in,
            "dropped": self.dropped,
            "unknown": self._unknown,
            "rows_out": rows_out,
            "filters": list(self._counts.values()),
            "drops": self._drops.facts(),
            "warnings": [*self._drops.warnings(self._stage, rows_in), *self._warnings],
        }
