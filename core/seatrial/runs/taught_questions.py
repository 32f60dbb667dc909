"""Taught questions: what a scorer that brings its rows asks, and train or validation holds word for word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from seatrial.data.normalise import normalise
from seatrial.rows import Row, Rows

__all__ = ["taught_questions"]

_RUN = 8
"""A turn of so many words is a copy wherever it stands inside a question: a task file writes words around what a data set asks.
GPT-3 took runs of 8 to 13 words (Brown et al. 2020, appendix C)."""


def taught_questions(asked: Rows, learned: Mapping[str, Rows]) -> Iterator[str]:
    """A sentence for each split that a product hangs on which holds questions of the rows.

    A question stands in a split where a turn of a user there is the same, or is part of it and has eight words or more; case,
    punctuation and white space aside.

    Args:
        asked: the rows that a scorer brings.
        learned: split → its rows.
    """
    for split, rows in learned.items():
        known = _Turns.of(rows)
        found = [(row, place) for row in asked if (place := known.place_in(row))] if known.same else []
        if found:
            row, place = found[0]
            yield (
                f"the questions of {len(found):,} of {len(asked):,} rows stand word for word in {split}; the first: "
                f"{row.file}:{row.line}, in {split} {place}. What was learnt is no measure of what is known: take such rows out "
                f"of {split}"
            )


@dataclass(slots=True)
class _Turns:
    """What users say in a split; texts are kept by their hashes alone."""

    same: dict[int, str] = field(default_factory=dict)
    """Of a whole text, and the row's place."""
    starts: dict[int, set[int]] = field(default_factory=dict)
    """Of the first words of long texts, and how many words these have."""

    @classmethod
    def of(cls, rows: Rows) -> _Turns:
        known = cls()
        for row in rows:
            for text in _said(row):
                known.same.setdefault(hash(text), f"{row.file}:{row.line}")
                words = text.split()
                if len(words) >= _RUN:
                    known.starts.setdefault(hash(" ".join(words[:_RUN])), set()).add(len(words))
        return known

    def place_in(self, row: Row) -> str:
        """Where a row stands whose turn is in what this one asks; "" where there is none."""
        for text in _said(row):
            if place := self.same.get(hash(text)):
                return place
            words = text.split()
            for at in range(len(words) - _RUN + 1):
                for length in self.starts.get(hash(" ".join(words[at : at + _RUN])), ()):
                    part = " ".join(words[at : at + length])
                    if at + length <= len(words) and (place := self.same.get(hash(part))):
                        return place
        return ""


def _said(row: Row) -> Iterator[str]:
    for turn in row.prompt:
        if turn.role == "user" and (text := " ".join(normalise(turn.content).split())):
            yield text
