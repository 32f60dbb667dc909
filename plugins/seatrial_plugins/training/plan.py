"""The plan: which examples each optimizer step reads, known before the first one.

Knowing the whole order beforehand makes a resumed training read what the killed one would have read, lets every device
know how many tokens the others supervise, and gives fractions of an epoch their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from seatrial_plugins.huggingface.runtime import Example

__all__ = ["Plan", "plan_steps", "split_batch"]


E = TypeVar("E", bound=Example)


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps, each a tuple of indices into the examples."""

    steps: tuple[tuple[int, ...], ...]
    steps_per_epoch: int

    def epoch(self, step: int) -> float:
        """How many epochs are done after `step` steps."""
        return step / self.steps_per_epoch


def plan_steps(examples: int, *, rows_per_step: int, epochs: float, seed: int) -> Plan:
    """Each epoch reads every example once, in an order of its own; the last step of an epoch may be smaller."""
    per_epoch = math.ceil(examples / rows_per_step)
    total = max(1, round(epochs * per_epoch))
    steps: list[tuple[int, ...]] = []
    epoch = 0
    while len(steps) < total:
        order = torch.randperm(examples, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch)).tolist()
        steps += [tuple(order[start : start + rows_per_step]) for start in range(0, examples, rows_per_step)]
        epoch += 1
    return Plan(tuple(steps[:total]), per_epoch)


def split_batch(batch: Sequence[E], *, rows: int, tokens: int) -> list[list[E]]:
    """Forward passes of at most `rows` examples and, beyond one example, `tokens` tokens; long ones together."""
    passes: list[list[E]] = []
    room = 0
    for example in sorted(batch, key=lambda example: -len(example.ids)):
        if not passes or len(passes[-1]) == rows or len(example.ids) > room:
            passes.append([])
            room = tokens
        passes[-1].append(example)
        room -= len(example.ids)
    return passes
