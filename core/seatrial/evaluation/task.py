"""A task: an evaluation set and how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seatrial.rows import Rows, Turn

__all__ = ["Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """Rows that are asked of systems, and what probes and scorers may know beside them."""

    name: str
    """The evaluation set's: `test`, or a name below `data.tests`."""
    rows: Rows
    """The rows that are asked, in the order of their transcripts."""
    labels: tuple[str, ...] = ()
    """The label names of the train rows, sorted (the set's own where nothing is trained); empty where there are none."""
    examples: tuple[Turn, ...] = ()
    """Turns that stand before every prompt of every system: the scorer's few-shot examples."""
    seed: int = 0
    tables: Mapping[str, Rows] = field(default_factory=dict)
    """The tables that the scorer draws from, as its component declares: `raw`, `train`."""
