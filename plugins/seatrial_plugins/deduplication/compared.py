"""What is compared of a row, and which rows of a table have the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from seatrial import Row
from seatrial.data.fingerprint import Part, part_of
from seatrial.data.normalise import normalise
from seatrial_plugins.deduplication.mixing import digest64, fold

__all__ = ["Keep", "Texts", "answers_of", "contexts_of", "preferred", "text_of", "texts_in"]

Keep = Literal["first", "last", "longest"]
"""Which row of a cluster stays: the first or the last in source order, or the one with the most words.

One that names no answer goes before one that does.
"""


def text_of(row: Row, on: Part) -> str:
    """The turns that are compared and the choices that are offered, in any order; system turns are the context."""
    said = [turn.content for turn in part_of(row, on) if turn.role != "system"]
    return "\n".join([*said, *sorted(row.choices)] if row.choices else said)


def contexts_of(rows: Sequence[Row]) -> np.ndarray:
    """uint64, one a row: equal where the system turns say the same and the same pictures are shown, 0 where there are neither.

    Rows under different system prompts, or beside different pictures, are never copies; a prompt that all rows share makes none
    of them more alike.
    """
    return np.fromiter(map(_context, rows), np.uint64, len(rows))


def _context(row: Row) -> int:
    system = [normalise(turn.content) for turn in row.turns if turn.role == "system"]
    shown = [image.digest for turn in row.turns for image in turn.images]
    return digest64("\n".join([*system, *shown])) if any(system) or shown else 0


def answers_of(rows: Sequence[Row]) -> np.ndarray:
    """uint64, one a row: equal where the same label, or the same choice, is named as right; 0 where none is."""
    named = (row.label if row.label is not None else row.target if row.choices else None for row in rows)
    return np.fromiter((0 if answer is None else digest64(answer) or 1 for answer in named), np.uint64, len(rows))


def preferred(words: np.ndarray, answers: np.ndarray, keep: Keep) -> np.ndarray:
    """The places of the rows that have words, those first that stay rather than others; rows that name no answer last."""
    rows = np.flatnonzero(words)
    if keep == "last":
        rows = rows[::-1]
    if keep == "longest":
        rows = rows[np.argsort(-words[rows].astype(np.int64), kind="stable")]
    return rows[np.argsort(answers[rows] == 0, kind="stable")]


@dataclass(frozen=True, slots=True)
class Texts:
    """The different texts of a table, numbered so that those of preferred rows come first."""

    rows: np.ndarray
    """int64, shape [rows that say something]: their places in the table, preferred ones first."""
    numbers: np.ndarray
    """int64, of the same shape: the number of each one's text."""
    first: np.ndarray
    """int64, shape [texts]: the place in the table of the row that is preferred among those of this text."""

    def __len__(self) -> int:
        return len(self.first)


def texts_in(signatures: pa.Table, keep: Keep) -> Texts:
    """The different texts; rows with the same words that name different answers count as different.

    Args:
        signatures: with the columns `key` (uint64, equal for equal texts), `answer` (uint64), `words` (0 for a row that
            says nothing, which is compared with none).
        keep: which rows are preferred.
    """
    answers = signatures["answer"].to_numpy()
    rows = preferred(signatures["words"].to_numpy(), answers, keep)
    said = fold(signatures["key"].to_numpy(), answers)[rows]
    _, first, numbers = np.unique(said, return_index=True, return_inverse=True)
    by_preference = np.argsort(first)
    renumbered = np.empty_like(by_preference)
    renumbered[by_preference] = np.arange(len(first))
    return Texts(rows, renumbered[numbers], rows[first[by_preference]])
