"""YAML: one list of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seatrial import RawRecord
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.yaml_tree import Node, read_items

__all__ = ["YamlList"]


class YamlList:
    """Reads a file that holds one list; scalars mean what they do in JSON."""

    suffixes = (".yaml", ".yml")
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record an item of the list."""
        items = 0
        for item in read_items(file, limit=self._limit):
            if isinstance(item, Node):
                items += 1
                yield RawRecord(item.line, None if item.problem else item.value(), item.problem, item.excerpt)
            elif item.problem:
                yield RawRecord(item.line, problem=item.problem, lost=True)
            elif item.root is None or (item.root.kind == "list" and not items):
                yield RawRecord(1, problem="the file is empty" if item.root is None else "the list is empty")
            elif item.root.kind != "list":
                kind = "a mapping" if item.root.kind == "mapping" else "one value"
                problem = f"the top level is {kind}, not a list of records"
                yield RawRecord(item.root.line, problem=problem, excerpt=item.root.excerpt, lost=True)
