"""Packed attention: rows of a packed batch gathered into a rectangle, each place attending to its own ancestors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from seatrial_plugins.huggingface.split_attention import attend_behind, has_fused_parts
from seatrial_plugins.huggingface.varlen import Varlen, varlen_attention

if TYPE_CHECKING:
    from seatrial_plugins.huggingface.kept_keys import KeptKeys
    from seatrial_plugins.huggingface.packing import Packed
    from seatrial_plugins.huggingface.slots import Slots

__all__ = ["ATTENTION", "packed_attention"]

ATTENTION = "seatrial_packed"
"""The name under which transformers knows `packed_attention`."""

_MATERIALISED = 1 << 22
"""Up to this many attention scores per head are written out on a CPU where gradients are asked for. torch's fused kernel is no
slower there, and 3 times faster on long rows (831 tokens, 9 heads, torch 2.13 on Zen 4: 26 ms against 82), but this has been
the training's arithmetic."""


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    packed: Packed | None = None,
    varlen: Varlen | None = None,
    kept: KeptKeys | None = None,
    slots: Slots | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention over a packed batch, over rows end to end (`varlen`), of a token more of each row that is written (`slots`), or
    over an ordinary one where there is none of these.

    `query` is [batch, heads, tokens, size]; `key` and `value` have the model's number of key-value heads.
    The result is [batch, tokens, heads, size]. Of a shared prefix, what dropout leaves out is the same for all rows.
    """
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    if varlen is not None:
        window = kwargs.get("sliding_window")
        return varlen_attention(query, key, value, varlen, scale=scale, window=window, dropout=dropout), None
    if slots is not None:
        return _one_more(query, key, value, slots, scale), None
    if packed is None:
        length = key.shape[-2]
        materialise = _is_written_out(query, query.shape[0] * query.shape[-2] * length)
        if dropout or not materialise or (attention_mask is not None and attention_mask.dtype != torch.bool):
            output, _ = sdpa_attention_forward(
                module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
            )
            return output, None
        return _attend(
            query, key, value, _boolean_mask(attention_mask, query.shape[-2], length, query.device), scale
        ), None

    prefix, window = packed.prefix, kwargs.get("sliding_window")
    rows, _, width, _ = packed.mask.shape
    sees = _windowed(packed, window)
    before = None if kept is None else kept.before(key, value)
    q, k, v = (_rectangle(part[0, :, prefix:], packed.gather, rows, width) for part in (query, key, value))
    if not prefix and before is None:
        return _attend(q, k, v, sees, scale, dropout).flatten(0, 1).index_select(0, packed.scatter)[None], None
    shared_k, shared_v = key[:, :, :prefix], value[:, :, :prefix]
    if before is not None:
        shared_k, shared_v = (torch.cat(pair, dim=2) for pair in zip(before, (shared_k, shared_v), strict=True))
    if _splits(query, window, dropout):
        own = attend_behind(query[:, :, prefix:], (shared_k, shared_v), (q, k, v), sees, packed.scatter, scale)
    else:
        k, v = (
            torch.cat([shared.expand(rows, -1, -1, -1), part], dim=2) for shared, part in ((shared_k, k), (shared_v, v))
        )
        own = _attend(q, k, v, sees, scale, dropout).flatten(0, 1).index_select(0, packed.scatter)[None]
    if not prefix:
        return own, None
    sees = _boolean_mask(None, prefix, shared_k.shape[2], query.device, window)
    shared = _attend(query[:, :, :prefix], shared_k, shared_v, sees, scale, dropout)
    return torch.cat([shared, own], dim=1), None


def _one_more(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, slots: Slots, scale: float) -> torch.Tensor:
    """Attention of one token of each row to what stands before it in its slot, and to the prefix: [1, rows, heads, size]."""
    shared, (keys, values) = slots.shared(key, value), slots.own(key, value)
    each = query[0].transpose(0, 1)[:, :, None]
    if shared is None:
        return _attend(each, keys, values, slots.sees, scale).transpose(0, 1)
    return attend_behind(query, shared, (each, keys, values), slots.sees, slots.rows, scale)


def _is_written_out(query: torch.Tensor, scores: int) -> bool:
    return query.device.type == "cpu" and torch.is_grad_enabled() and scores <= _MATERIALISED


def _splits(query: torch.Tensor, window: int | None, dropout: float) -> bool:
    """Whether the shared keys are read apart from a row's own: on a CPU, where nothing is learned."""
    return has_fused_parts(query.device) and window is None and not dropout and not torch.is_grad_enabled()


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
    longest = packed.kept + int(packed.position_ids.shape[1])
    if window is None or longest <= window:
        return packed.mask
    rows, _, width, _ = packed.mask.shape
    positions = packed.position_ids[0]
    own = positions[packed.prefix :].index_select(0, packed.gather).view(rows, 1, width)
    shared = torch.arange(packed.kept + packed.prefix, device=positions.device)
    keys = torch.cat([shared.expand(rows, 1, -1), own], dim=2)
    near = own.transpose(1, 2) - keys < window
    return packed.mask & near[:, None]


def _attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, sees: torch.Tensor, scale: float, dropout: float = 0.0
) -> torch.Tensor:
    """Softmax attention, [batch, queries, heads, size]; query heads of one key-value head are multiplied together."""
    batch, heads, queries, size = q.shape
    groups = heads // k.shape[1]
    if not _is_written_out(q, batch * queries * k.shape[2]):
        on_cpu = q.device.type == "cpu"
        if groups > 1 and not on_cpu:
            k, v = (part.repeat_interleave(groups, dim=1) for part in (k, v))
        mask = sees if sees.dim() == 4 else sees[None, None]
        mixed = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=dropout, scale=scale, enable_gqa=on_cpu and groups > 1
        )
        return mixed.transpose(1, 2)
    stacked = q.reshape(batch, k.shape[1], groups * queries, size) * scale
    scores = (stacked @ k.transpose(2, 3)).view(batch, k.shape[1], groups, queries, k.shape[2])
    hidden = ~(sees[:, :, None] if sees.dim() == 4 else sees)
    scores.masked_fill_(hidden, torch.finfo(scores.dtype).min)  # in place: they are the most memory that a batch takes
    weights = scores.softmax(-1, dtype=torch.float32).to(v.dtype)
    del scores
    if dropout:
        weights = functional.dropout(weights, dropout)
    mixed = weights.view(batch, k.shape[1], groups * queries, k.shape[2]) @ v
    return mixed.view(batch, heads, queries, size).transpose(1, 2)


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
