"""Continuous batching: answers are written side by side, and where one ends, a prompt that waits takes its place.

A batch that is decoded to its end is as long as its longest answer, and most of its rows stand idle by then. Prompts that begin
alike have that computed once, and once read for all of them at each step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from seatrial_plugins.huggingface.kept_keys import KeptKeys, Pair, keep
from seatrial_plugins.huggingface.packing import pack, run_packed
from seatrial_plugins.huggingface.prefix_groups import PrefixGroup, grouped
from seatrial_plugins.huggingface.slots import Slots
from seatrial_plugins.huggingface.token_tree import TokenTree

__all__ = ["Batch", "Pick", "Written", "likeliest", "write_answers"]

_CACHED = 4
"""So many times the tokens of a batch have their keys kept: a step feeds one token of each row, however long they are."""

_STEP = 256
"""A step of few rows takes as long as reading so many tokens; a group of prompts by itself is as many steps more."""

_ADMITS = 8
"""One of so many slots must be free before prompts are read: each reading holds up the answers that are being written."""

Pick = Callable[[torch.Tensor, Sequence[int], Sequence[int]], torch.Tensor]
"""From logits, [rows, vocabulary], the prompts' places and how many tokens each has said already: the next token of each."""


@dataclass(slots=True)
class Written:
    """An answer."""

    ids: list[int]
    broken: int | None = None
    """The first token that was drawn from logits that are not finite."""


def likeliest(logits: torch.Tensor, _places: Sequence[int], _steps: Sequence[int]) -> torch.Tensor:
    """Greedy decoding."""
    return logits.argmax(-1)


def write_answers(
    network: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch_tokens: int,
    ends: Callable[[list[int]], bool],
    pick: Pick = likeliest,
) -> list[Written]:
    """Each prompt's answer, its end included, in up to so many tokens. `ends` says of an answer's tokens whether it is over."""
    answers = [Written([]) for _ in prompts]
    sequences = [tuple(prompt) for prompt in prompts]
    worth = _STEP * max_new_tokens
    groups = grouped(sequences, [len(one) - 1 for one in sequences], batch_tokens=0, worth=worth)
    todo: list[tuple[PrefixGroup, KeptKeys]] = [(groups, KeptKeys())]
    while todo:
        group, kept = todo.pop()
        if group.length > len(kept):
            kept = keep(network, sequences[group.one()][len(kept) : group.length], kept)
        if group.apart:
            batch = Batch(network, answers, max_new_tokens, batch_tokens, ends, pick)
            batch.run(sorted(group.apart, key=lambda index: (-len(sequences[index]), index)), sequences, kept)
        todo += [(inner, kept) for inner in group.inner]
    return answers


@dataclass(slots=True)
class Batch:
    """Answers that are written side by side behind one prefix."""

    network: Any
    answers: list[Written]
    max_new_tokens: int
    batch_tokens: int
    ends: Callable[[list[int]], bool]
    pick: Pick

    def run(self, members: Sequence[int], sequences: Sequence[tuple[int, ...]], kept: KeptKeys) -> None:
        """Answer the members of a group, the longest first."""
        waiting = deque(members)
        capacity = len(sequences[members[0]]) - len(kept) + self.max_new_tokens
        count = min(len(members), max(1, _CACHED * self.batch_tokens // capacity))
        slots, active = Slots(count, capacity, kept), list[int]()
        while waiting or active:
            free = count - len(active)
            while waiting and free and (free * _ADMITS >= count or not active):
                entering, first = self._next(waiting, free, sequences, len(kept)), len(active)
                active += entering
                self._say(self._read([sequences[index] for index in entering], slots), active, slots, first)
                free = count - len(active)
            if active:
                self._say(self._step([self.answers[index].ids[-1] for index in active], slots), active, slots, 0)

    def _next(self, waiting: deque[int], free: int, sequences: Sequence[tuple[int, ...]], kept: int) -> list[int]:
        entering, tokens = [waiting.popleft()], 0
        tokens = len(sequences[entering[0]]) - kept
        while waiting and len(entering) < free:
            tokens += len(sequences[waiting[0]]) - kept
            if tokens > self.batch_tokens:
                break
            entering.append(waiting.popleft())
        return entering

    def _read(self, prompts: Sequence[tuple[int, ...]], slots: Slots) -> torch.Tensor:
        """The logits behind prompts, whose keys enter the slots."""
        device = next(self.network.parameters()).device
        kept, made = slots.kept, list[Pair]()
        packed = pack([TokenTree.line(prompt) for prompt in prompts], kept=len(kept)).to(device)
        last = torch.tensor([packed.place(row, len(one) - 1) for row, one in enumerate(prompts)], device=device)
        logits = run_packed(self.network, packed, last, kept.begin(made))
        slots.enter(packed, made, [len(prompt) - len(kept) for prompt in prompts])
        return logits

    def _step(self, tokens: Sequence[int], slots: Slots) -> torch.Tensor:
        """The logits behind one token more of each row."""
        positions = slots.begin()
        return self.network(
            input_ids=torch.tensor([tokens], device=positions.device),
            position_ids=positions,
            attention_mask=torch.zeros(1, 1, 1, 1, dtype=torch.bool, device=positions.device),
            use_cache=False,
            slots=slots,
        ).logits[0]

    def _say(self, logits: torch.Tensor, active: list[int], slots: Slots, first: int) -> None:
        """Write down the next token of each from a row on, and let those go that are over: the last row takes their place."""
        places = active[first:]
        steps = [len(self.answers[index].ids) for index in places]
        finite = logits.amax(-1).isfinite().to(torch.int64)
        tokens, whole = torch.stack([self.pick(logits, places, steps), finite]).tolist()
        for index, token, is_finite in zip(places, tokens, whole, strict=True):
            answer = self.answers[index]
            answer.ids.append(token)
            if not is_finite:
                answer.broken = len(answer.ids) - 1
        for row in reversed(range(first, len(active))):
            answer = self.answers[active[row]]
            if self._is_over(answer):
                slots.leave(row, is_finite=answer.broken is None)
                last = active.pop()
                if row < len(active):
                    active[row] = last

    def _is_over(self, answer: Written) -> bool:
        return len(answer.ids) >= self.max_new_tokens or answer.broken is not None or self.ends(answer.ids)
