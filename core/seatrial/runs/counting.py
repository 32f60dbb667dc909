"""Counting: what filters count batch by batch, in whatever process, is added up here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Counts", "counts_to_table"]


def counts_to_table(counted: Mapping[str, Mapping[str, int]]) -> pa.Table:
    """Filter → what it counted in a batch, as a table that can come back from another process."""
    import pyarrow as pa

    lines = [
        {"filter": alias, "name": name, "count": n} for alias, counts in counted.items() for name, n in counts.items()
    ]
    schema = pa.schema([("filter", pa.string()), ("name", pa.string()), ("count", pa.int64())])
    return pa.Table.from_pylist(lines, schema)


class Counts:
    """The sums over all batches."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, counted: pa.Table) -> None:
        """Add a batch's counts, as `counts_to_table` gave them."""
        for line in counted.to_pylist():
            self._counts[line["filter"]][line["name"]] += line["count"]

    def of(self, alias: str) -> dict[str, int]:
        """What one filter counted, by name; in the names' order, which no order of batches can change."""
        return dict(sorted(self._counts[alias].items()))
