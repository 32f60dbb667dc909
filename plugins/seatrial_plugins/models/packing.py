"""Packing: rows laid end to end in one sequence, with the tokens that they all begin with computed once.

Every chat starts with the same system prompt, and every option of a choice continues the same question. Padded
batches compute those tokens again for each row. Here a batch is one sequence

    [shared prefix] [row 0] [row 1] …

in which the linear layers see each token once and no padding at all, and each token attends to exactly its own
ancestors: the prefix, and what stands before it in its row. A row may be a tree, so that the options of a question
stand beside each other behind it. Attention gathers rows into a rectangle, which pads only there.

The result is that of separate forward passes, up to the order of summation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from seatrial_plugins.models.token_tree import TokenTree, common_prefix

__all__ = ["Packed", "head_is_plain", "hidden_states", "pack", "packing_is_exact", "run_packed"]

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
    """[rows * width]: the token (counted after the prefix) at each place of the rectangle; 0 where it is padding."""
    scatter: torch.Tensor
    """[tokens - prefix]: the place in the rectangle of each token after the prefix."""
    mask: torch.Tensor
    """Bool [rows, 1, width, prefix + width]: what each place of the rectangle attends to."""

    def place(self, row: int, node: int) -> int:
        """Where a node of a row's tree stands in the sequence."""
        return node if node < self.prefix else self.offsets[row] + node - self.prefix

    def to(self, device: torch.device) -> Packed:
        """The same on another device."""
        moved = (t.to(device) for t in (self.input_ids, self.position_ids))
        ids, positions = moved
        return Packed(
            ids,
            positions,
            self.prefix,
            self.offsets,
            self.gather.to(device),
            self.scatter.to(device),
            self.mask.to(device),
        )


def pack(trees: Sequence[TokenTree]) -> Packed:
    """Lay rows end to end; each keeps at least one token of its own."""
    prefix = 0
    if len(trees) > 1:
        prefix = min(common_prefix([tree.tokens[: tree.trunk] for tree in trees]), *(len(tree) - 1 for tree in trees))
        prefix = prefix if prefix >= _SMALLEST_PREFIX else 0
    own = [len(tree) - prefix for tree in trees]
    width = max(own)
    ids = list(trees[0].tokens[:prefix])
    positions = list(range(prefix))
    offsets, gather, scatter = [], torch.zeros(len(trees), width, dtype=torch.long), []
    mask = torch.zeros(len(trees), 1, width, prefix + width, dtype=torch.bool)
    mask[:, :, :, :prefix] = True
    places = torch.arange(width)
    mask[:, 0, places, prefix + places] = True  # padding sees itself: a row of softmax without any entry is NaN
    for row, (tree, size) in enumerate(zip(trees, own, strict=True)):
        start = len(ids)
        offsets.append(start)
        ids += tree.tokens[prefix:]
        positions += tree.depths()[prefix:]
        gather[row, :size] = torch.arange(start - prefix, start - prefix + size)
        scatter.append(torch.arange(row * width, row * width + size))
        mask[row, 0, :size, prefix : prefix + size] = tree.ancestry(prefix)
    return Packed(
        torch.tensor([ids]),
        torch.tensor([positions]),
        prefix,
        tuple(offsets),
        gather.flatten(),
        torch.cat(scatter),
        mask,
    )


def run_packed(model: torch.nn.Module, packed: Packed, places: torch.Tensor) -> torch.Tensor:
    """The logits at `places` of the sequence, [places, vocabulary], in the model's dtype."""
    return model(**_fed(packed), logits_to_keep=places).logits[0]


def hidden_states(model: Any, packed: Packed, places: torch.Tensor) -> torch.Tensor:
    """What the model's head reads at `places` of the sequence, [places, width]."""
    return model.base_model(**_fed(packed)).last_hidden_state[0].index_select(0, places)


def _fed(packed: Packed) -> dict[str, Any]:
    return {
        "input_ids": packed.input_ids,
        "position_ids": packed.position_ids,
        # A mask of four dimensions is handed to the attention as it is, so transformers builds none of its own.
        "attention_mask": packed.mask.new_zeros(1, 1, 1, 1),
        "use_cache": False,
        "packed": packed,
    }


@torch.no_grad()
def packing_is_exact(model: torch.nn.Module, vocabulary: int, device: torch.device) -> bool:
    """Whether a packed forward pass gives what separate ones give: true of models whose attention is a plain softmax.

    A mask that is ignored, attention sinks or capped scores shift the logits by the order of their own spread; rounding
    stays two orders below it in float32 and one in bfloat16.
    """
    generator = torch.Generator().manual_seed(0)
    shared = torch.randint(vocabulary, (12,), generator=generator).tolist()
    tails = [torch.randint(vocabulary, (size,), generator=generator).tolist() for size in (3, 9, 6)]
    packed = pack([TokenTree.line(shared + tail) for tail in tails]).to(device)
    ends = [packed.place(row, len(shared) + len(tail) - 1) for row, tail in enumerate(tails)]
    try:
        together = run_packed(model, packed, torch.tensor(ends, device=device)).float()
    except (TypeError, RuntimeError, ValueError, IndexError):
        return False  # an architecture that takes no logits_to_keep, or hands no keywords on to its attention
    for row, tail in enumerate(tails):
        ids = torch.tensor([shared + tail], device=device)
        alone = model(input_ids=ids, use_cache=False).logits[0, -1].float()
        if (together[row] - alone).abs().mean() > 0.1 * alone.std():
            return False
    return True


@torch.no_grad()
def head_is_plain(model: Any, device: torch.device) -> bool:
    """Whether logits are the head applied to the last hidden states, with no scale or cap behind it."""
    packed = pack([TokenTree.line([0, 1, 2, 3])]).to(device)
    places = torch.tensor([3], device=device)
    head = model.get_output_embeddings()
    try:
        whole, parts = run_packed(model, packed, places), head(hidden_states(model, packed, places))
    except (AttributeError, TypeError, RuntimeError, ValueError, IndexError):
        return False
    return whole.shape == parts.shape and bool((whole - parts).abs().max() <= 1e-3 * whole.abs().max())
