"""Slots: the keys and values of answers that are being written, a slot for each."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from seatrial_plugins.huggingface.kept_keys import KeptKeys, Pair
from seatrial_plugins.huggingface.packing import Packed

__all__ = ["Slots"]


class Slots:
    """Room for so many rows of so many tokens, behind a prefix that all of them share. The rows are in the first slots."""

    def __init__(self, count: int, capacity: int, kept: KeptKeys) -> None:
        self.count = count
        self.kept = kept
        self.lengths: list[int] = []
        """How many tokens each row holds, the prefix not counted."""
        self._capacity = capacity
        self._calls: list[Pair] = []
        self._at = 0

    def enter(self, packed: Packed, made: Sequence[Pair], lengths: Sequence[int]) -> None:
        """Take in rows of a packed pass: what each call of an attention made of them."""
        first = len(self.lengths)
        if not self._calls:  # zeros: a mask hides what is not written yet, but 0 × NaN is NaN
            self._calls = [tuple(self._room(part) for part in pair) for pair in made]  # type: ignore[misc]  # a pair
        for row, length in enumerate(lengths):
            start = packed.offsets[row]
            for slabs, pair in zip(self._calls, made, strict=True):
                for slab, part in zip(slabs, pair, strict=True):
                    slab[first + row, :, : packed.prefix] = part[0, :, : packed.prefix]
                    own = part[0, :, start : start + length - packed.prefix]
                    slab[first + row, :, packed.prefix : length] = own
        self.lengths += lengths

    def _room(self, part: torch.Tensor) -> torch.Tensor:
        _, heads, _, size = part.shape
        return part.new_zeros(self.count, heads, self._capacity, size)

    def leave(self, slot: int, *, is_finite: bool = True) -> None:
        """Let a row go; the last one takes its slot. What is not finite is wiped out, since no mask hides it."""
        last = len(self.lengths) - 1
        for slabs in self._calls if not is_finite else ():
            for slab in slabs:
                slab[slot] = 0
        length = self.lengths.pop()
        if slot == last:
            return
        self.lengths[slot] = length
        for slabs in self._calls:
            for slab in slabs:
                slab[slot, :, :length] = slab[last, :, :length]

    def begin(self) -> torch.Tensor:
        """Go through a pass with one token more of each row; gives their positions, [1, rows]."""
        self._at = 0
        self.kept.begin()
        device = self._calls[0][0].device
        self._ends = torch.tensor(self.lengths, device=device)
        self._rows = torch.arange(len(self.lengths), device=device)
        self._longest = max(self.lengths) + 1
        self.sees = (torch.arange(self._longest, device=device) <= self._ends[:, None])[:, None, None]
        """Bool, [rows, 1, 1, keys]."""
        self.lengths = [length + 1 for length in self.lengths]
        return self._ends[None] + len(self.kept)

    @property
    def rows(self) -> torch.Tensor:
        """The slots that are taken, [rows]."""
        return self._rows

    def own(self, key: torch.Tensor, value: torch.Tensor) -> Pair:
        """Of the next call of an attention, which is given these for the new tokens: the keys and values of each row."""
        slabs = self._calls[self._at]
        self._at += 1
        for slab, part in zip(slabs, (key, value), strict=True):
            slab[self._rows, :, self._ends] = part[0].transpose(0, 1)
        keys, values = (slab[: len(self._rows), :, : self._longest] for slab in slabs)
        return keys, values

    def shared(self, key: torch.Tensor, value: torch.Tensor) -> Pair | None:
        """The same of the prefix."""
        return self.kept.before(key, value)
