"""Packing: rows laid end to end in one sequence, with the tokens that they all begin with computed once.

Every chat starts with the same system prompt, and every option of a choice continues the same question. Padded
batches compute those tokens again for each row. Here a batch is one sequence

    [shared prefix] [row 0] [row 1] …

in which the linear layers see each token once and no padding at all, and each token attends to exactly its own
ancestors: the prefix, and what stands before it in its row. A row may be a tree, so that the options of a question
stand beside each other behind it. Attention gathers rows into a rectangle, which pads only there.

The result is that of separate forward passes, up to the order of summation. Where the keys and values of a longer beginning are
kept from an earlier pass (`kept_keys`), the sequence holds what comes behind it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from seatrial_plugins.huggingface.lines import Lines
from seatrial_plugins.huggingface.token_tree import TokenTree, common_prefix

if TYPE_CHECKING:
    from seatrial_plugins.huggingface.kept_keys import KeptKeys

__all__ = [
    "Packed",
    "framed",
    "hidden_states",
    "pack",
    "run_packed",
    "shared_prefix",
    "states_for",
]

_SMALLEST_PREFIX = 4
"""A shared prefix below this many tokens isn't worth its own attention call."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch as one sequence of `prefix + sum(rows)` tokens."""

    input_ids: torch.Tensor
    """[1, tokens]"""
    position_ids: torch.Tensor
    """[1, tokens]"""
    prefix: int
    """How many tokens all rows share."""
    offsets: tuple[int, ...]
    """Where each row's own tokens start in the sequence."""
    gather: torch.Tensor
    """[rows * width]: the token (counted after the prefix) at each place of the rectangle. Padding repeats its row's first
    token: a mask hides it, but 0 × NaN is NaN, and so what is not finite in one row stays in that row."""
    scatter: torch.Tensor
    """[tokens - prefix]: the place in the rectangle of each token after the prefix."""
    mask: torch.Tensor
    """Bool [rows, 1, width, kept + prefix + width]: what each place of the rectangle attends to."""
    kept: int = 0
    """How many tokens stand before the sequence, whose keys are kept."""

    def place(self, row: int, node: int) -> int:
        """Where a node of a row's tree, one behind the kept ones, stands in the sequence."""
        shared = self.kept + self.prefix
        return node - self.kept if node < shared else self.offsets[row] + node - shared

    def to(self, device: torch.device) -> Packed:
        """The same on another device."""
        names = ("input_ids", "position_ids", "gather", "scatter", "mask")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def pack(trees: Sequence[TokenTree], *, kept: int = 0) -> Packed:
    """Lay rows end to end; each keeps at least one token of its own. They all begin with as many tokens as are kept."""
    prefix = shared_prefix(trees, kept=kept)
    shared = kept + prefix
    own = np.array([len(tree) - shared for tree in trees])
    width = int(own.max())
    inside = np.arange(width) < own[:, None]
    offsets = prefix + np.cumsum(own) - own
    mask = np.tri(width, dtype=np.bool_) & inside[:, :, None] & inside[:, None, :]
    mask |= np.eye(width, dtype=np.bool_)  # padding sees itself: a row of softmax without any entry is NaN
    for row, tree in enumerate(trees):
        if tree.trunk < len(tree):
            branches = slice(tree.trunk - shared, len(tree) - shared)
            mask[row, branches, branches] = tree.branching()
    ids = [*trees[0].tokens[kept:shared], *itertools.chain.from_iterable(tree.tokens[shared:] for tree in trees)]
    positions = [*range(kept, shared), *itertools.chain.from_iterable(tree.depths()[shared:] for tree in trees)]
    return Packed(
        torch.tensor([ids]),
        torch.tensor([positions]),
        prefix,
        tuple(offsets.tolist()),
        torch.from_numpy((offsets[:, None] - prefix + np.where(inside, np.arange(width), 0)).ravel()),
        torch.from_numpy(np.flatnonzero(inside)),
        functional.pad(torch.from_numpy(mask)[:, None], (shared, 0), value=True),
        kept,
    )


def shared_prefix(trees: Sequence[TokenTree], *, kept: int = 0) -> int:
    """How many tokens `pack` computes once for all rows, behind those whose keys are kept."""
    if len(trees) < 2:
        return 0
    prefix = min(common_prefix([tree.tokens[: tree.trunk] for tree in trees]), *(len(tree) - 1 for tree in trees))
    return prefix - kept if prefix - kept >= _SMALLEST_PREFIX else 0


def framed(packed: Packed, *, tokens: int, width: int) -> Packed:
    """The same batch padded to so many tokens, prefix included, and a rectangle of so many places a row.

    Padding sees itself alone and is seen by nobody, and no token of the batch moves.
    """
    rows, _, before, _ = packed.mask.shape
    prefix, spare = packed.prefix, tokens - packed.input_ids.shape[1]
    mask = torch.zeros(rows, 1, width, prefix + width, dtype=torch.bool)
    mask[:, :, :, :prefix] = True
    mask[:, 0, torch.arange(width), prefix + torch.arange(width)] = True
    mask[:, :, :before, prefix : prefix + before] = packed.mask[:, :, :, prefix:]
    row, place = packed.scatter // before, packed.scatter % before
    return Packed(
        functional.pad(packed.input_ids, (0, spare)),
        functional.pad(packed.position_ids, (0, spare)),
        prefix,
        packed.offsets,
        functional.pad(packed.gather.view(rows, before), (0, width - before)).flatten(),
        functional.pad(row * width + place, (0, spare)),
        mask,
    )


def run_packed(
    model: torch.nn.Module, packed: Packed | Lines, places: torch.Tensor, kept: KeptKeys | None = None
) -> torch.Tensor:
    """The logits at `places` of the sequence, [places, vocabulary], in the model's dtype."""
    return model(**_fed(packed, kept), logits_to_keep=places).logits[0]


def hidden_states(
    model: Any, packed: Packed | Lines, places: torch.Tensor, kept: KeptKeys | None = None
) -> torch.Tensor:
    """What the model's head reads at `places` of the sequence, [places, width]."""
    return model.base_model(**_fed(packed, kept)).last_hidden_state[0].index_select(0, places)


def states_for(head: torch.nn.Module, model: Any, packed: Packed | Lines, places: torch.Tensor) -> torch.Tensor:
    """What a plain head reads, where the model is wrapped (adapters, several processes): all of it runs, but for the head."""
    own = head.__dict__.get("forward")
    head.forward = _as_it_is  # a module's own forward stands before its class's
    try:
        return run_packed(model, packed, places)
    finally:
        if own is None:
            del head.forward
        else:
            head.forward = own


def _as_it_is(states: torch.Tensor) -> torch.Tensor:
    return states


def _fed(packed: Packed | Lines, kept: KeptKeys | None = None) -> dict[str, Any]:
    return {
        "input_ids": packed.input_ids,
        "position_ids": packed.position_ids,
        # A mask of four dimensions is handed to the attention as it is, so transformers builds none of its own.
        "attention_mask": torch.zeros(1, 1, 1, 1, dtype=torch.bool, device=packed.input_ids.device),
        "use_cache": False,
        **({"packed": packed} if isinstance(packed, Packed) else {"varlen": packed.varlen}),
        **({} if kept is None else {"kept": kept}),
    }
