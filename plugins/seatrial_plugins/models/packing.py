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

import numpy as np
import torch
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

__all__ = ["ATTENTION", "Packed", "TokenTree", "common_prefix", "pack", "packing_is_exact", "run_packed"]

ATTENTION = "seatrial_packed"
"""The name under which transformers knows `packed_attention`."""

_SMALLEST_PREFIX = 4
"""A shared prefix below this many tokens isn't worth its own attention call."""

_MATERIALISED = 1 << 22
"""Up to this many attention scores per head are written out on a CPU: torch's fused kernel there is 5 times slower than
two matrix products on short rows (12 ms against 2.5 ms for 16 rows of 17 × 41 in bfloat16 on Zen 4), and saves memory
only on long ones."""


@dataclass(frozen=True, slots=True)
class TokenTree:
    """Token sequences with a common beginning, each token kept once.

    Nodes are in topological order: `parents[i] < i`, and -1 at the root.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    trunk: int
    """How many nodes from the root on stand in a line, one below the other."""

    @classmethod
    def line(cls, tokens: Sequence[int]) -> TokenTree:
        """One sequence."""
        return cls(tuple(tokens), tuple(range(-1, len(tokens) - 1)), len(tokens))

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> tuple[TokenTree, list[list[int]]]:
        """The tree of several sequences, and for each of them the node of each of its tokens."""
        shared = common_prefix(sequences)
        tokens: list[int] = list(sequences[0][:shared])
        parents = list(range(-1, shared - 1))
        children: dict[tuple[int, int], int] = {}
        paths = []
        for sequence in sequences:
            path = list(range(shared))
            for token in sequence[shared:]:
                parent = path[-1] if path else -1
                node = children.get((parent, token))
                if node is None:
                    node = children[parent, token] = len(tokens)
                    tokens.append(token)
                    parents.append(parent)
                path.append(node)
            paths.append(path)
        return cls(tuple(tokens), tuple(parents), shared if len(sequences) > 1 else len(tokens)), paths

    def __len__(self) -> int:
        return len(self.tokens)

    def depths(self) -> list[int]:
        """Each node's position in its sequence, 0-based."""
        depths = list(range(self.trunk))
        for parent in self.parents[self.trunk :]:
            depths.append(depths[parent] + 1 if parent >= 0 else 0)
        return depths

    def ancestry(self) -> torch.Tensor:
        """Bool, [nodes, nodes]: whether the row's node sees the column's, itself included."""
        size = len(self.tokens)
        sees = np.tri(size, dtype=np.bool_)
        for node in range(self.trunk, size):
            parent = self.parents[node]
            sees[node] = sees[parent] if parent >= 0 else False
            sees[node, node] = True
        return torch.from_numpy(sees)


def common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences begin with."""
    low, high = min(map(tuple, sequences)), max(map(tuple, sequences))
    for index, (a, b) in enumerate(zip(low, high, strict=False)):
        if a != b:
            return index
    return min(len(low), len(high))


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
        mask[row, 0, :size, prefix : prefix + size] = tree.ancestry()[prefix:, prefix:]
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
    output = model(
        input_ids=packed.input_ids,
        position_ids=packed.position_ids,
        # A mask of four dimensions is handed to the attention as it is, so transformers builds none of its own.
        attention_mask=packed.mask.new_zeros(1, 1, 1, 1),
        logits_to_keep=places,
        use_cache=False,
        packed=packed,
    )
    return output.logits[0]


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    packed: Packed | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention over a packed batch, or over an ordinary one where `packed` is None.

    `query` is [batch, heads, tokens, size]; `key` and `value` have the model's number of key-value heads.
    The result is [batch, tokens, heads, size].
    """
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    if packed is None:
        length = key.shape[-2]
        materialise = query.device.type == "cpu" and query.shape[0] * query.shape[-2] * length <= _MATERIALISED
        if dropout or not materialise or (attention_mask is not None and attention_mask.dtype != torch.bool):
            output, _ = sdpa_attention_forward(
                module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
            )
            return output, None
        return _attend(
            query, key, value, _boolean_mask(attention_mask, query.shape[-2], length, query.device), scale
        ), None

    prefix = packed.prefix
    rows, _, width, _ = packed.mask.shape
    sees = _windowed(packed, kwargs.get("sliding_window"))
    q, k, v = (_rectangle(part[0, :, prefix:], packed.gather, rows, width) for part in (query, key, value))
    if prefix:
        k, v = (
            torch.cat([shared[:, :, :prefix].expand(rows, -1, -1, -1), part], dim=2)
            for shared, part in ((key, k), (value, v))
        )
    own = _attend(q, k, v, sees, scale).flatten(0, 1).index_select(0, packed.scatter)[None]
    if not prefix:
        return own, None
    q, k, v = (part[:, :, :prefix] for part in (query, key, value))
    shared = _attend(q, k, v, _boolean_mask(None, prefix, prefix, query.device, kwargs.get("sliding_window")), scale)
    return torch.cat([shared, own], dim=1), None


def _rectangle(tokens: torch.Tensor, gather: torch.Tensor, rows: int, width: int) -> torch.Tensor:
    """[heads, tokens, size] → [rows, heads, width, size]."""
    heads, _, size = tokens.shape
    return tokens.index_select(1, gather).view(heads, rows, width, size).transpose(0, 1)


def _boolean_mask(
    given: torch.Tensor | None, queries: int, keys: int, device: torch.device, window: int | None = None
) -> torch.Tensor:
    if given is not None:
        return given[..., :keys]
    causal = torch.ones(queries, keys, dtype=torch.bool, device=device).tril_(keys - queries)
    return causal if window is None else causal.triu_(keys - queries - window + 1)


def _windowed(packed: Packed, window: int | None) -> torch.Tensor:
    """The mask, narrowed to a model's sliding window where it has one."""
    longest = int(packed.position_ids.shape[1])
    if window is None or longest <= window:
        return packed.mask
    rows, _, width, _ = packed.mask.shape
    positions = packed.position_ids[0]
    own = positions[packed.prefix :].index_select(0, packed.gather).view(rows, 1, width)
    keys = torch.cat([positions[: packed.prefix].expand(rows, 1, -1), own], dim=2)
    near = own.transpose(1, 2) - keys < window
    return packed.mask & near[:, None]


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, sees: torch.Tensor, scale: float) -> torch.Tensor:
    """Softmax attention, [batch, queries, heads, size]; query heads of one key-value head are multiplied together."""
    batch, heads, queries, size = q.shape
    groups = heads // k.shape[1]
    if q.device.type != "cpu" or batch * queries * k.shape[2] > _MATERIALISED:
        if groups > 1:
            k, v = (part.repeat_interleave(groups, dim=1) for part in (k, v))
        mask = sees if sees.dim() == 4 else sees[None, None]
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale).transpose(1, 2)
    stacked = q.reshape(batch, k.shape[1], groups * queries, size) * scale
    scores = (stacked @ k.transpose(2, 3)).view(batch, k.shape[1], groups, queries, k.shape[2])
    hidden = ~(sees[:, :, None] if sees.dim() == 4 else sees)
    weights = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).softmax(-1, dtype=torch.float32).to(v.dtype)
    mixed = weights.view(batch, k.shape[1], groups * queries, k.shape[2]) @ v
    return mixed.view(batch, heads, queries, size).transpose(1, 2)


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


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
