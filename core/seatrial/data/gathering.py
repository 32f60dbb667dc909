"""Gathering: tables that come one by one become one table, mapped from a file where they would fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Gathering"]

_HELD = 32_000_000
"""Bytes that are held before a file is begun."""


class Gathering:
    """Tables of one schema, in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[pa.Table] = []
        self._bytes = 0
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._table: pa.Table | None = None

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Gathering]:
        """A gathering whose file, if it comes to that, is at `path` and goes with the block."""
        gathering = cls(path)
        try:
            yield gathering
        finally:
            if gathering._writer is not None:
                gathering._writer.close()
            path.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """One more table."""
        self._held.append(table)
        self._bytes += table.nbytes
        if self._bytes > _HELD:
            self._spill()

    def _spill(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._writer = pa.ipc.new_file(self._path, self._held[0].schema)
        for table in self._held:
            self._writer.write_table(table)
        self._held.clear()
        self._bytes = 0

    def table(self) -> pa.Table:
        """All of them as one; nothing can be added afterwards.

        Raises:
            ValueError: there were none, or their schemas differ.
        """
        import pyarrow as pa

        if self._table is None:
            if self._writer is None:
                self._table = pa.concat_tables(self._held)
            else:
                self._spill()
                self._writer.close()
                self._table = pa.ipc.open_file(pa.memory_map(str(self._path))).read_all()
        return self._table
