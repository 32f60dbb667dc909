"""Asking: a task, and the probe that puts it to systems; scorers that ask alike share its transcripts."""

from __future__ import annotations

from dataclasses import dataclass, field

from seatrial.model import Capability
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe
from seatrial.runs.task_plan import TaskPlan

__all__ = ["Asking"]


@dataclass(frozen=True, slots=True)
class Asking:
    """A task and its probe."""

    task: TaskPlan
    probe: Recipe
    piece: int
    """How many rows the probe is given at a time."""
    needs: frozenset[Capability] = field(default=frozenset(), metadata=RUNTIME)
    """What the probe asks of a system; one of these is enough."""
    name: str = field(default="", metadata=RUNTIME)
    """What nodes and files are called by."""
    plugin: str = field(default="", metadata=RUNTIME)
    """Of the probe."""
