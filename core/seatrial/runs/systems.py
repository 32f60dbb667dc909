"""The systems of a run: what is asked beside the tuned model, and how each comes to be."""

from __future__ import annotations

from dataclasses import dataclass, field

from seatrial.evaluation.system import SystemKind
from seatrial.model import Product
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe

__all__ = ["SystemPlan"]


@dataclass(frozen=True, slots=True)
class SystemPlan:
    """One system, before it is opened."""

    kind: SystemKind
    name: str = field(metadata=RUNTIME)
    """`tuned`, `base`, `base-4shot`, `majority`, …"""
    fewshot: int = 0
    """How many examples make a few-shot system of the base."""
    seed: int | None = None
    """Of the training that the tuned model came from; None where nothing was trained."""
    product: Product | None = None
    """What the suite brings instead of training it."""
    baseline: Recipe | None = None
    """How a baseline is built."""
    plugin: str = field(default="", metadata=RUNTIME)
    """Of the baseline."""

    @property
    def instance(self) -> str:
        """The system as a node's name tells it."""
        return self.name if self.seed is None else f"{self.name}, seed={self.seed}"
