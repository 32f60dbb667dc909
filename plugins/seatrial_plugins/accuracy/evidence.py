"""What every accuracy sample says of its row beside its numbers."""

from __future__ import annotations

from seatrial import Row

__all__ = ["EXCERPT", "evidence_of", "excerpt", "slice_of"]

EXCERPT = 400
"""Characters of the input that a sample keeps for the report."""


def excerpt(row: Row) -> str:
    """The start of what the model reads."""
    text = row.input_text
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def evidence_of(row: Row) -> dict[str, object]:
    """What the model was shown, for the sample's detail: the start of its words, and the digests of its pictures."""
    pictures = [image.digest for turn in row.prompt for image in turn.images]
    return {"input": excerpt(row), "pictures": pictures} if pictures else {"input": excerpt(row)}


def slice_of(row: Row) -> str:
    """What the row's score is broken down by: its label, else the slice that its source gave it."""
    return row.label or row.slice
