"""YAML: one list of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seatrial import RawRecord
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.yaml_tree import read_document

__all__ = ["YamlList"]


class YamlList:
    """Reads a file that holds one list; scalars mean what they do in JSON."""

    suffixes = (".yaml", ".yml")
    by_suffix = True

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record an item of the list."""
        document = read_document(file, keep=1, limit=self._limit)
        root = document.root
        if root is not None and root.kind == "list":
            for item in root.items:
                value = None if item.problem else item.value()
                yield RawRecord(item.line, value, item.problem, document.excerpt(item))
        elif root is not None and document.end is None:
            problem = (
                f"the top level is {'a mapping' if root.kind == 'mapping' else 'one value'}, not a list of records"
            )
            yield RawRecord(root.line, problem=problem, excerpt=document.excerpt(root))
        if document.end is not None:
            yield RawRecord(document.end.number, problem=document.end.problem)
        elif root is None or (root.kind == "list" and not root.items):
            yield RawRecord(1, problem="the file is empty" if root is None else "the list is empty")
