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

__all__ = ["KeptKeys", "Pair", "keep"]

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

    def begin(self, made: list[Pair] | None = None) -> KeptKeys:
        """Go through one pass, and write down the keys and values that it makes itself."""
        self._at, self._made = 0, made
        return self

    def before(self, key: torch.Tensor, value: torch.Tensor) -> Pair | None:
        """Of the next call of an attention, which is given these: the keys and values that stand before them."""
        found = self._calls[self._at] if self._calls else None
        self._at += 1
        if self._made is not None:
            self._made.append((key, value))
        return found

    def longer(self, tokens: Sequence[int], made: Sequence[Pair]) -> KeptKeys:
        """With what a pass over these tokens made behind it."""
        if not self._calls:
            return KeptKeys((*self.tokens, *tokens), made)
        pairs = zip(self._calls, made, strict=True)
        joined = [tuple(torch.cat(part, dim=2) for part in zip(*pair, strict=True)) for pair in pairs]
        return KeptKeys((*self.tokens, *tokens), [(keys, values) for keys, values in joined])


def keep(network: Any, tokens: Sequence[int], behind: KeptKeys | None = None) -> KeptKeys:
    """The keys and values of tokens, behind others or at the beginning."""
    before = behind or KeptKeys()
    whole = TokenTree.line((*before.tokens, *tokens))
    device = next(network.parameters()).device
    packed = pack([whole], kept=len(before)).to(device)
    made: list[Pair] = []
    run_packed(network, packed, torch.tensor([len(tokens) - 1], device=device), before.begin(made))
    return before.longer(tokens, made)
