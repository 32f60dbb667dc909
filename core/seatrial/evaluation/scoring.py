"""What a scorer is given: a system, the items, and the task they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from seatrial.evaluation.scores import Sample
from seatrial.model import Baseline, LanguageModel
from seatrial.rows import Row, Rows, Turn

__all__ = ["Scorer", "System", "SystemKind", "Task"]

SystemKind = Literal["tuned", "base", "fewshot", "baseline"]
"""What a system is: the tuned model, its un-tuned base (zero-shot), the base with examples, or a cheap classifier."""


@dataclass(frozen=True, slots=True)
class System:
    """One thing that is scored."""

    name: str
    """`tuned`, `base`, `base-4shot`, `majority`, …"""
    kind: SystemKind
    model: LanguageModel | None = None
    """The model to ask; None for a baseline."""
    baseline: Baseline | None = None
    """The fitted classifier; None for a model."""
    preamble: tuple[Turn, ...] = ()
    """Turns that stand before every prompt: the few-shot examples."""

    def prompt(self, row: Row) -> tuple[Turn, ...]:
        """What the model is given for `row`: a system turn stays first, then the examples, then the row's prompt."""
        turns = row.prompt
        if turns and turns[0].role == "system":
            return (turns[0], *self.preamble, *turns[1:])
        return (*self.preamble, *turns)


@dataclass(frozen=True, slots=True)
class Task:
    """What a scorer may know beside the items."""

    labels: tuple[str, ...]
    """The label names of the train rows, sorted; empty where the task has none."""
    raw: Rows
    """Every row as it was read, before any filter."""
    train: Rows
    seed: int
    progress: Callable[[int, int], None]
    """Called with (done, total) as the items are scored."""


class Scorer(Protocol):
    """Tries a system on items; aggregates nothing."""

    def score(self, system: System, rows: Rows, task: Task) -> Iterable[Sample]:
        """One sample an item, in order. An item that cannot be scored is a sample with an `error`."""
        ...
