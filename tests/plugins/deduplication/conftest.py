"""Rows to compare, and a run of a corpus filter over them in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest

from seatrial import Grouping, Row, Turn
from seatrial.data.filters import CorpusFilter
from seatrial.rows import Choice, Label


@pytest.fixture(scope="session")
def say() -> Callable[..., Row]:
    """Makes a row of what the user says."""

    def make(
        name: str, text: str, label: str | None = None, *, answer: str = "ok", choices=(), system: str = ""
    ) -> Row:
        turns = (Turn("system", system),) * bool(system) + (Turn("user", text), Turn("assistant", label or answer))
        return Row(
            name,
            turns,
            "chat",
            "s",
            "f",
            1,
            expected=Choice(tuple(choices)) if choices else None if label is None else Label(label),
        )

    return make


@pytest.fixture(scope="session")
def compare() -> Callable[..., Grouping]:
    """Runs a filter: signatures batch by batch, then the grouping, its findings as a list."""

    def run(component: CorpusFilter, rows: Sequence[Row], batch: int = 7) -> Grouping:
        tables = [component.signatures(rows[start : start + batch]) for start in range(0, len(rows), batch)]
        table = pa.concat_tables(tables or [component.signatures([])])
        grouping = component.group(table, {row.id: row for row in rows}.__getitem__)
        return Grouping(list(grouping.findings), grouping.clusters)

    return run
