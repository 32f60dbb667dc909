"""What every accuracy sample says beside its numbers: which prompt it was, and what it read."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial import Row, System
from seatrial.rows import content_id

__all__ = ["EXCERPT", "excerpt", "prompt_hash", "slice_of"]

EXCERPT = 400
"""Characters of the input that a sample keeps for the report."""


def prompt_hash(system: System, row: Row, options: Sequence[str] = ()) -> str:
    """A digest of exactly what the system was given: paired tests refuse samples whose prompts differ."""
    return content_id(system.prompt(row), tools=row.tools, choices=options)


def excerpt(row: Row) -> str:
    """The start of what the model reads."""
    text = row.input_text
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def slice_of(row: Row) -> str:
    """What the row's score is broken down by: its label, else the slice that its source gave it."""
    return row.label or row.slice
