"""Varlen attention: rows laid end to end, each token attending to what stands before it in its row, and no padding at all.

torch's fused kernel reads where rows end from cumulative lengths. A prefix that all rows share is a stretch of its own,
computed once, and its keys stand again before those of each row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.nn import functional

from seatrial_plugins.huggingface.device import send

__all__ = ["Varlen", "has_varlen_kernel", "varlen_attention"]


_LARGEST_HEAD = 256
_OLDEST = (8, 0)
"""The compute capability from which on the kernel runs (Ampere)."""


class Varlen(NamedTuple):
    """Where the stretches of a sequence begin and end; built once for a batch, read by each layer."""

    cu_seq_q: torch.Tensor
    """Int32 [stretches + 1]: cumulative lengths of the queries."""
    cu_seq_k: torch.Tensor
    """The same of the keys; with a shared prefix each row has more of these."""
    max_q: int
    """At least the longest stretch's queries."""
    max_k: int
    prefix: int
    rows: int
    order: torch.Tensor | None
    """With a prefix: of the sequence's tokens and the prefix once more for each row behind them, the key at each place."""

    def to(self, device: torch.device) -> Varlen:
        """The same on another device."""
        order = None if self.order is None else send(self.order, device)
        cu_seq_q, cu_seq_k = (send(ends, device) for ends in (self.cu_seq_q, self.cu_seq_k))
        return self._replace(cu_seq_q=cu_seq_q, cu_seq_k=cu_seq_k, order=order)

    def keys(self, tokens: torch.Tensor) -> torch.Tensor:
        """From keys or values of the sequence, [tokens, heads, size], to those of the stretches."""
        if self.order is None:
            return tokens
        return torch.cat([tokens, tokens[: self.prefix].repeat(self.rows, 1, 1)]).index_select(0, self.order)


def has_varlen_kernel(network: Any) -> bool:
    """Whether torch has a kernel for a network's attention, as it is trained, where it is."""
    weight, config = next(network.parameters()), network.config.get_text_config()
    if weight.dtype not in {torch.bfloat16, torch.float16} or weight.device.type != "cuda":
        return False
    from seatrial_plugins.huggingface import varlen_kernel

    if not varlen_kernel.IS_WHOLE or torch.cuda.get_device_capability(weight.device) < _OLDEST:
        return False
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    drops = any(value for name, value in config.to_dict().items() if name.startswith("att") and "drop" in name)
    return size % 8 == 0 and size <= _LARGEST_HEAD and not drops


def varlen_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    varlen: Varlen,
    *,
    scale: float,
    window: int | None = None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Attention over rows end to end: [1, heads, tokens, size] of queries, keys and values to [1, tokens, heads, size]."""
    q, k, v = (part[0].transpose(0, 1) for part in (query, key, value))
    k, v = varlen.keys(k), varlen.keys(v)
    if q.device.type != "cuda" or q.dtype == torch.float32 or dropout:
        return _plain(q, k, v, varlen, scale, window, dropout)[None]
    from seatrial_plugins.huggingface import varlen_kernel

    known: dict[str, Any] = {"window_size": (-1 if window is None else window - 1, 0)}
    if varlen_kernel.ASKS_FOR_GROUPS:  # before, fewer key-value heads are taken as they are
        known["enable_gqa"] = k.shape[1] != q.shape[1]
    ends = (varlen.cu_seq_q, varlen.cu_seq_k, varlen.max_q, varlen.max_k)
    mixed: torch.Tensor = varlen_kernel.KERNEL(q, k, v, *ends, scale=scale, **known)
    return mixed[None]


def _plain(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, varlen: Varlen, scale: float, window: int | None, dropout: float
) -> torch.Tensor:
    """The same a stretch at a time, on any device and in any dtype."""
    groups = q.shape[1] // k.shape[1]
    k, v = (part.repeat_interleave(groups, dim=1) for part in (k, v))
    mixed = []
    queries, keys = varlen.cu_seq_q.tolist(), varlen.cu_seq_k.tolist()
    for first, last, start, end in zip(queries, queries[1:], keys, keys[1:], strict=False):
        sees = torch.ones(last - first, end - start, dtype=torch.bool, device=q.device).tril_(
            end - start - (last - first)
        )
        if window is not None:
            sees = sees.triu_(end - start - (last - first) - window + 1)
        one, its, own = (part.transpose(0, 1) for part in (q[first:last], k[start:end], v[start:end]))
        whole = functional.scaled_dot_product_attention(one, its, own, sees, dropout_p=dropout, scale=scale)
        mixed.append(whole.transpose(0, 1))
    return torch.cat(mixed)
