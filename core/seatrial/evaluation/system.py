"""A system: what answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seatrial.evaluation.task import Task
from seatrial.model.capabilities import Model
from seatrial.rows import Row, Turn, content_id

__all__ = ["System", "SystemKind", "with_examples"]

SystemKind = Literal["tuned", "base", "fewshot", "baseline"]
"""What a system is: the tuned model, its un-tuned base (zero-shot), the base with examples, or a cheap classifier."""


@dataclass(frozen=True, slots=True)
class System:
    """One thing that is asked."""

    name: str
    """`tuned`, `base`, `base-4shot`, `majority`, …"""
    kind: SystemKind
    model: Model
    examples: tuple[Turn, ...] = ()
    """Turns that stand before every prompt: what makes a few-shot system of the base."""

    def prompt(self, row: Row, task: Task) -> tuple[Turn, ...]:
        """What the model is given for `row`: a system turn stays first, then the examples, then the row's prompt."""
        return with_examples(row.prompt, (*self.examples, *task.examples))

    def prompt_hash(self, row: Row, task: Task, options: tuple[str, ...] = ()) -> str:
        """The digest of what the model is given for `row`, its options and tools included."""
        return content_id(self.prompt(row, task), tools=row.tools, choices=options)


def with_examples(turns: tuple[Turn, ...], examples: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns with examples before them: a system turn stays first."""
    if turns and turns[0].role == "system":
        return (turns[0], *examples, *turns[1:])
    return (*examples, *turns)
