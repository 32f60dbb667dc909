"""Repeats: rows that say the same, or belong to one group, are one observation and not several."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.data.fingerprint import question_of
from seatrial.rows import Row

__all__ = ["clusters_of"]


def clusters_of(rows: Iterable[Row]) -> dict[str, str]:
    """Row id → the id of the first row of its cluster.

    Two rows are of one cluster where their inputs are the same after normalising and show the same pictures, where both belong to the same `group`,
    or where a chain of such rows joins them. Rows that show a model nothing (texts that are scored by themselves) have no input in common.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    first: dict[tuple[str, ...], str] = {}
    for row in rows:
        parent[row.id] = row.id
        question = question_of(row)
        keys = [*([("input", *question)] if any(question) else []), *([("group", row.group)] if row.group else [])]
        for key in keys:
            known = root(first.setdefault(key, row.id))
            parent[root(row.id)] = known
    return {name: root(name) for name in parent}
