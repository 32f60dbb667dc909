"""Pieces: the parts of a table that are worked on one by one. Slow work is cut finer, so that every core gets some of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["Piece", "cut", "pieces_of"]

_TRIED = 10
"""Pieces of the first row group: after two of them it is known how long the rest will take."""

_SECONDS = 1.0
"""Work of one piece that is done elsewhere."""

_LEAST = 20
"""Rows of a piece: filters that compute on batches are slow on single rows."""


class Piece(NamedTuple):
    """Some rows of one row group."""

    group: int
    start: int
    rows: int


def pieces_of(metadata: pq.FileMetaData) -> list[Piece]:
    """The row groups of a file, in order, the first of them cut into ten."""
    counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    whole = [Piece(group, 0, rows) for group, rows in enumerate(counts) if rows]
    return [*_cut(whole[:1], -(-whole[0].rows // _TRIED)), *whole[1:]] if whole else []


def cut(pieces: Sequence[Piece], seconds_a_row: float) -> list[Piece]:
    """The pieces, cut so that each is about a second of work."""
    return _cut(pieces, max(_LEAST, int(_SECONDS / max(seconds_a_row, 1e-9))))


def _cut(pieces: Sequence[Piece], most: int) -> list[Piece]:
    return [
        Piece(piece.group, start, min(most, piece.start + piece.rows - start))
        for piece in pieces
        for start in range(piece.start, piece.start + piece.rows, most)
    ]
