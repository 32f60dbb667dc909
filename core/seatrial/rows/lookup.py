"""Lookup: a row by its id, without holding the rows or a dictionary of their ids."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from seatrial.rows import Row
from seatrial.rows.table import FileRows

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Lookup"]


class Lookup:
    """Finds rows of a file by their ids: a binary search over 20 bytes a row, and one row of the mapped file."""

    def __init__(self, rows: FileRows) -> None:
        self._rows = rows

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The ids as bytes, sorted, and where each stands in the file."""
        import numpy as np

        ids = np.array([name.encode() for name in self._rows.column("id").to_pylist()], dtype=np.bytes_)
        order = np.argsort(ids)
        return ids[order], order

    def __call__(self, name: str) -> Row:
        """The row with that id.

        Raises:
            KeyError: there is none.
        """
        import numpy as np

        ids, order = self._sorted
        wanted = name.encode()
        found = int(np.searchsorted(ids, np.array(wanted, dtype=ids.dtype)))
        if found == len(ids) or ids[found] != wanted:
            raise KeyError(name)
        return self._rows[int(order[found])]
