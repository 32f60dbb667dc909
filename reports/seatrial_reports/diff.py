"""A diff: two texts as one run of pieces that stayed, went or came."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Piece", "compare"]

LONGEST = 2_000
"""Characters of a text that are compared."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text."""

    kind: Literal["same", "gone", "new"]
    text: str


def compare(before: str, after: str) -> list[Piece]:
    """Word by word: `same` and `gone` spell the first text, `same` and `new` the second; both are cut where they are long."""
    old, new = _words(before[:LONGEST]), _words(after[:LONGEST])
    pieces: list[Piece] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece("gone", "".join(old[i:j])))
        if k < m:
            pieces.append(Piece("new", "".join(new[k:m])))
    if max(len(before), len(after)) > LONGEST:
        pieces.append(Piece("same", "…"))
    return pieces


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)
