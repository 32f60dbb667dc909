"""Texts: what of a row is compared."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial import Row

__all__ = ["texts_of"]


def texts_of(rows: Iterable[Row]) -> list[str]:
    """Each row's input without system turns, which are the same in every row."""
    return ["\n".join(turn.content for turn in row.prompt if turn.role != "system") for row in rows]
