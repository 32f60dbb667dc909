"""What every accuracy sample says of its row beside its numbers."""

from __future__ import annotations

from seatrial import Row

__all__ = ["EXCERPT", "excerpt", "slice_of"]

EXCERPT = 400
"""Characters of the input that a sample keeps for the report."""


def excerpt(row: Row) -> str:
    """The start of what the model reads."""
    text = row.input_text
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def slice_of(row: Row) -> str:
    """What the row's score is broken down by: its label, else the slice that its source gave it."""
    return row.label or row.slice
