"""Kept keys: what the layers of a network make of a prefix, computed once and read by every batch that goes on from it.

A batch in which rows share a prefix computes it once already (`packing`). Of a task's thousand questions behind the same
examples, which fill twenty batches, it is then still computed twenty times. Here the keys and values of each attention are kept
as the attention was given them, positions rotated in, and stand before those of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from seatrial_plugins.huggingface.packing import pack, run_packed
from seatrial_plugins.huggingface.token_tree import TokenTree

__all__ = ["KeptKeys", "keep"]

Pair = tuple[torch.Tensor, torch.Tensor]


class KeptKeys:
    """Keys and values of a prefix, for each call of an attention in the order of a forward pass; [1, heads, tokens, size]."""

    def __init__(self, tokens: tuple[int, ...] = (), calls: Sequence[Pair] = ()) -> None:
        self.tokens = tokens
        self._calls = list(calls)
        self._made: list[Pair] | None = None
        self._at = 0

    def __len__(self) -> int:
        return len(self.tokens)

    def begin(self, *, keeps: bool = False) -> KeptKeys:
        """Go through one pass; with `keeps`, what it makes is kept behind what there is."""
        self._at, self._made = 0, [] if keeps else None
        return self

    def before(self, key: torch.Tensor, value: torch.Tensor) -> Pair | None:
        """Of the next call of an attention, which is given these: the keys and values that stand before them."""
        found = self._calls[self._at] if self._calls else None
        self._at += 1
        if self._made is not None:
            parts = zip(found, (key, value), strict=True) if found is not None else ((key,), (value,))
            keys, values = (torch.cat(part, dim=2) for part in map(list, parts))
            self._made.append((keys, values))
        return found

    def longer(self, tokens: Sequence[int]) -> KeptKeys:
        """What a pass over these tokens kept, behind this."""
        assert self._made, "no attention of the network was asked"
        made, self._made = self._made, None
        return KeptKeys((*self.tokens, *tokens), made)


def keep(network: Any, tokens: Sequence[int], behind: KeptKeys | None = None) -> KeptKeys:
    """The keys and values of tokens, behind others or at the beginning."""
    before = behind or KeptKeys()
    whole = TokenTree.line((*before.tokens, *tokens))
    device = next(network.parameters()).device
    packed = pack([whole], kept=len(before)).to(device)
    run_packed(network, packed, torch.tensor([len(tokens) - 1], device=device), before.begin(keeps=True))
    return before.longer(tokens)
