"""A system: what answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from seatrial.data.normalise import normalise
from seatrial.evaluation.task import Task
from seatrial.model.capabilities import Model
from seatrial.rows import Row, Turn, content_id
from seatrial.rows.encoding import identity_of

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
        """What the model is given for `row`: a system turn stays first, then the examples, then the row's prompt.

        An example that asks what the row asks, be it the row itself or a copy, is left out: it would show the answer.
        """
        return with_examples(row.prompt, _others(row, (*self.examples, *task.examples)))

    def prompt_hash(self, row: Row, task: Task, options: tuple[str, ...] = ()) -> str:
        """The digest of what the model is given for `row`: its options and tools, and the system turn that the model adds."""
        turns, added = self.prompt(row, task), getattr(self.model, "system", None)
        if isinstance(added, str) and turns[:1] and turns[0].role != "system":
            turns = (Turn("system", added), *turns)
        return content_id(turns, tools=row.tools, choices=options)


def with_examples(turns: tuple[Turn, ...], examples: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns with examples before them: a system turn stays first."""
    if turns and turns[0].role == "system":
        return (turns[0], *examples, *turns[1:])
    return (*examples, *turns)


def _others(row: Row, examples: Sequence[Turn]) -> list[Turn]:
    """The examples, each a question and its answer, that ask something else than the row's last question."""
    question = next((turn for turn in reversed(row.prompt) if turn.role == "user"), None)
    if question is None:
        return list(examples)
    return [turn for example in _one_by_one(examples) if not _asks(example, question) for turn in example]


def _one_by_one(examples: Sequence[Turn]) -> Iterator[list[Turn]]:
    """From one user turn to the next; what stands before the first goes with it."""
    example: list[Turn] = []
    for turn in examples:
        if turn.role == "user" and any(one.role == "user" for one in example):
            yield example
            example = []
        example.append(turn)
    if example:
        yield example


def _asks(example: Sequence[Turn], question: Turn) -> bool:
    asked = next((turn for turn in example if turn.role == "user"), None)
    return (
        asked is not None
        and _said(asked.content) == _said(question.content)
        and identity_of(asked, words=False) == identity_of(question, words=False)
    )


@lru_cache(maxsize=4096)
def _said(text: str) -> str:
    return normalise(text)
