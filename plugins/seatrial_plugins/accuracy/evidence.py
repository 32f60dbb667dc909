"""What every accuracy sample says beside its numbers: which prompt it was, and what it read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from seatrial import Row, System

__all__ = ["EXCERPT", "excerpt", "prompt_hash", "slice_of"]

EXCERPT = 400
"""Characters of the input that a sample keeps for the report."""


def prompt_hash(system: System, row: Row, options: Sequence[str] = ()) -> str:
    """A digest of exactly what the system was given: paired tests refuse samples whose prompts differ."""
    said = [[turn.role, turn.content, turn.extra] for turn in system.prompt(row)]
    return hashlib.blake2b(json.dumps([said, list(options)]).encode(), digest_size=8).hexdigest()


def excerpt(row: Row) -> str:
    """The start of what the model reads."""
    text = row.input_text
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def slice_of(row: Row) -> str:
    """What the row's score is broken down by: its label, else the slice that its source gave it."""
    return row.label or row.slice
