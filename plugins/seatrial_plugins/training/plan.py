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

__all__ = ["Plan", "plan_steps", "shares", "split_batch"]


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


def shares(lengths: Sequence[int], world: int) -> list[list[int]]:
    """Which of a batch's rows each of so many processes takes: the longest first, each to who has the fewest tokens so far.

    Every process comes to the same, and none is told. With fewer rows than processes some take none.
    """
    taken: list[list[int]] = [[] for _ in range(world)]
    filled = [0] * world
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        process = min(range(world), key=filled.__getitem__)
        taken[process].append(place)
        filled[process] += lengths[place]
    return [sorted(places) for places in taken]


def split_batch(batch: Sequence[E], *, rows: int, tokens: int, tight: bool = False) -> list[list[E]]:
    """Forward passes of at most `rows` examples and, beyond one example, `tokens` tokens.

    Args:
        batch: The examples, in an order that decides between equal lengths.
        rows: Of one pass.
        tokens: Of one pass.
        tight: As few passes as best-fit decreasing needs, of nearly one size, long and short rows together: for an
            attention without padding. Else rows of nearly one length stand together, which pads least in a rectangle.
    """
    ordered = sorted(batch, key=lambda example: -len(example.ids))
    if tight:
        passes = _best_fit(ordered, rows, tokens)
        level = _levelled(ordered, len(passes), rows)
        return level if _largest(level) <= max(tokens, len(ordered[0].ids)) else passes
    passes = []
    room = 0
    for example in ordered:
        if not passes or len(passes[-1]) == rows or len(example.ids) > room:
            passes.append([])
            room = tokens
        passes[-1].append(example)
        room -= len(example.ids)
    return passes


def _best_fit(ordered: Sequence[E], rows: int, tokens: int) -> list[list[E]]:
    """Each into the fullest pass that has room for it (Johnson, 1973: at most 11/9 of the fewest passes, and 4)."""
    passes: list[list[E]] = []
    room: list[int] = []
    for example in ordered:
        size = len(example.ids)
        fitting = (index for index, left in enumerate(room) if left >= size and len(passes[index]) < rows)
        chosen = min(fitting, key=room.__getitem__, default=None)
        if chosen is None:
            chosen = len(passes)
            passes.append([])
            room.append(tokens)
        passes[chosen].append(example)
        room[chosen] -= size
    return passes


def _levelled(ordered: Sequence[E], count: int, rows: int) -> list[list[E]]:
    """Each into the emptiest of so many passes: a last one with a few rows would leave a GPU idle."""
    passes: list[list[E]] = [[] for _ in range(count)]
    filled = [0] * count
    for example in ordered:
        chosen = min((index for index in range(count) if len(passes[index]) < rows), key=filled.__getitem__)
        passes[chosen].append(example)
        filled[chosen] += len(example.ids)
    return passes


def _largest(passes: Sequence[Sequence[Example]]) -> int:
    return max(sum(len(example.ids) for example in part) for part in passes)
