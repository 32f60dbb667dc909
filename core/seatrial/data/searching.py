"""Searching: a split filter's look at the train rows, batch by batch in one process."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.data.filters import SearchingFilter, SplitFindings
from seatrial.data.findings import Finding
from seatrial.rows import Rows
from seatrial.rows.table import batches

__all__ = ["search_all"]


def search_all(searching: SearchingFilter, train: Rows, held_out: Rows) -> Iterable[Finding] | SplitFindings:
    """The findings of a `SearchingFilter`, all in this process: what its `compare` returns."""
    import pyarrow as pa

    index = searching.index(held_out)
    found = [searching.search(index, batch) for batch in batches(train)]
    return searching.conclude(index, pa.concat_tables(found or [searching.search(index, [])]), train, held_out)
