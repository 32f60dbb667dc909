"""Clusters: rows that belong together, whoever said so. Filters' statements are merged; no cluster straddles a split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seatrial.runs.store import atomic_file

__all__ = ["Clusters", "read_clusters"]


class Clusters:
    """A union of what several filters said (disjoint-set forest with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def merge(self, named: Mapping[str, str]) -> None:
        """Rows with the same cluster name in `named` belong together from now on."""
        first: dict[str, str] = {}
        for row, cluster in named.items():
            self._unite(first.setdefault(cluster, row), row)

    def _root(self, row: str) -> str:
        parent = self._parent
        parent.setdefault(row, row)
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def _unite(self, one: str, other: str) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._parent[high] = low

    def named(self) -> dict[str, str]:
        """Row id → the smallest row id of its cluster."""
        return {row: self._root(row) for row in sorted(self._parent)}

    def write(self, path: Path) -> None:
        """Write `row`, `cluster` as Parquet, atomically."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        named = self.named()
        table = pa.table({"row": pa.array(named.keys(), pa.string()), "cluster": pa.array(named.values(), pa.string())})
        with atomic_file(path) as part:
            pq.write_table(table, part)


def read_clusters(path: Path) -> dict[str, str]:
    """Row id → cluster id, as `Clusters.write` wrote them."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return dict(zip(table["row"].to_pylist(), table["cluster"].to_pylist(), strict=True))
