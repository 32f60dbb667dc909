"""Clean: the row filters, in the suite's order, batch by batch. Every filter sees every row; then the drops are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.component import Component
from seatrial.data.ledger import Entry, write_ledger
from seatrial.data.policy import apply, with_excerpts
from seatrial.data.table import batches, open_rows, write_rows
from seatrial.events import Artifact
from seatrial.filters import RowFilter
from seatrial.findings import Action
from seatrial.rows import Row
from seatrial.store import RunFolder
from seatrial.trial.stages import Progress, blame

__all__ = ["Chain", "Clean", "SuiteFilter"]


@dataclass(frozen=True, slots=True)
class SuiteFilter:
    """A filter, built as the suite says, and what the suite does about its findings."""

    alias: str
    component: Component[Any]
    plugin: str
    version: str
    """The providing distribution's."""
    filter: Any
    """A `RowFilter`, `CorpusFilter` or `SplitFilter`, as `component.place` says."""
    options: Mapping[str, Any]
    actions: Action | Mapping[str, Action] | None

    def parts(self) -> object:
        """What its findings and their consequences depend on."""
        return {
            "alias": self.alias,
            "name": self.component.name,
            "plugin": [self.plugin, self.version, self.component.version],
            "options": dict(self.options),
            "rules": {rule.name: rule.version for rule in self.component.rules},
            "actions": self.actions if self.actions is None or isinstance(self.actions, str) else dict(self.actions),
        }


class Chain:
    """Applies findings filter by filter, and counts: which rows are out, by whom, with which entries."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.entries: list[Entry] = []
        self.dropped: set[str] = set()
        self.counts: dict[str, dict[str, Any]] = {}

    def apply(self, suite_filter: SuiteFilter, rows: Sequence[Row], findings: Any) -> list[Row]:
        """The rows with the filter's repairs; what it drops is noted, not yet removed."""
        applied = apply(
            rows,
            findings,
            stage=self.stage,
            filter=suite_filter.alias,
            plugin=suite_filter.plugin,
            rules={rule.name: rule for rule in suite_filter.component.rules},
            actions=suite_filter.actions,
            already_dropped=self.dropped,
        )
        self.entries.extend(applied.entries)
        count = self.counts.setdefault(
            suite_filter.alias,
            {
                "filter": suite_filter.alias,
                "plugin": suite_filter.plugin,
                "findings": 0,
                "dropped": 0,
                "weak": bool(getattr(suite_filter.filter, "weak", False)),
            },
        )
        count["findings"] += len(applied.entries)
        count["dropped"] += sum(entry.decisive for entry in applied.entries)
        self.dropped |= applied.dropped
        return applied.rows

    def facts(self, rows_in: int, rows_out: int) -> dict[str, object]:
        """The stage's counts; what came in is what went out and what was dropped."""
        if rows_in != rows_out + len(self.dropped):
            raise AssertionError(f"{self.stage}: {rows_in} rows in, {rows_out} out, {len(self.dropped)} dropped")
        return {
            "rows_in": rows_in,
            "dropped": len(self.dropped),
            "rows_out": rows_out,
            "filters": list(self.counts.values()),
        }


@dataclass(frozen=True, slots=True)
class Clean:
    """Runs the row filters over `data/raw.parquet`; what stays is `data/clean.parquet`."""

    filters: Sequence[SuiteFilter]

    name = "clean"
    after = ("read",)

    def parts(self) -> object:
        """The filters."""
        return [suite_filter.parts() for suite_filter in self.filters]

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """One pass over the rows."""
        rows = open_rows(given.files["raw"])
        chain = Chain(self.name)

        def kept() -> Iterator[Row]:
            done = 0
            for batch in batches(rows):
                yield from self._clean(batch, chain)
                done += len(batch)
                progress(done, len(rows), {})

        count = write_rows(folder / "data/clean.parquet", kept())
        with write_ledger(folder / "ledger/clean.parquet") as ledger:
            for entry in chain.entries:
                ledger.add(entry)
        return Artifact(
            {"clean": folder / "data/clean.parquet", "ledger:clean": folder / "ledger/clean.parquet"},
            chain.facts(len(rows), count),
        )

    def _clean(self, batch: list[Row], chain: Chain) -> list[Row]:
        first = len(chain.entries)
        for suite_filter in self.filters:
            row_filter: RowFilter = suite_filter.filter
            with blame(self.name, f"filter {suite_filter.alias}", suite_filter.plugin):
                findings = list(row_filter.inspect(batch))
            batch = chain.apply(suite_filter, batch, findings)
        # A row that an early filter quoted may have been redacted by a later one: quote it as it stands now.
        chain.entries[first:] = with_excerpts(chain.entries[first:], batch)
        return [row for row in batch if row.id not in chain.dropped]
