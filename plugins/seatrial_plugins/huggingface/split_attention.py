"""Split attention: keys that all rows share are read apart from a row's own, and the two are put together exactly.

Each part is known with the logarithm of its softmax's sum, from which that over both follows (Hydragen, arXiv 2402.05099). The
shared keys are not copied for each row, and what reads them is one large product.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

__all__ = ["attend_behind", "has_fused_parts"]

_FUSED = "_scaled_dot_product_flash_attention_for_cpu"
"""torch's fused kernel for CPUs, which tells that logarithm; what is public does not."""

Pair = tuple[torch.Tensor, torch.Tensor]


def has_fused_parts(device: torch.device) -> bool:
    """Whether parts of any length are read without their scores being written out."""
    return device.type == "cpu" and hasattr(torch.ops.aten, _FUSED)


class _Part(NamedTuple):
    """Attention over some of the keys: [batch, heads, queries, size], and the logarithm of the sum of its exponentials."""

    mixed: torch.Tensor
    mass: torch.Tensor

    @classmethod
    def of(
        cls, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, sees: torch.Tensor | None = None
    ) -> _Part:
        """`sees` is [batch, 1, queries, keys]."""
        batch, heads, queries, size = q.shape
        groups = heads // k.shape[1]
        # Query heads of one key-value head stand below each other, so that its keys need no copy.
        stacked = q.reshape(batch, k.shape[1], groups * queries, size)
        hidden = None
        if sees is not None:
            hidden = torch.zeros(sees.shape, dtype=q.dtype, device=q.device).masked_fill_(~sees, -torch.inf)
            hidden = hidden.repeat(1, 1, groups, 1)
        if has_fused_parts(q.device):
            mixed, mass = getattr(torch.ops.aten, _FUSED)(stacked, k, v, attn_mask=hidden, scale=scale)
        else:
            scores = ((stacked * scale) @ k.transpose(2, 3)).float()
            scores = scores if hidden is None else scores + hidden
            mass = scores.logsumexp(-1)
            mixed = (scores - mass[..., None]).exp().to(v.dtype) @ v
        return cls(mixed.reshape(batch, heads, queries, size), mass.reshape(batch, heads, queries, 1))

    def places(self, at: torch.Tensor) -> _Part:
        """Those of a rectangle, [rows, heads, width, …], as one row of tokens."""
        return _Part(*(part.transpose(0, 1).flatten(1, 2).index_select(1, at)[None] for part in self))


def attend_behind(
    query: torch.Tensor,
    shared: Pair,
    own: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    sees: torch.Tensor,
    scatter: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """Softmax attention of tokens to shared keys, all of them, and to their own row's: [1, tokens, heads, size].

    Args:
        query: [1, heads, tokens, size].
        shared: Keys and values, [1, key-value heads, keys, size].
        own: Queries, keys and values as a rectangle, [rows, heads, width, size].
        sees: Bool, [rows, 1, width, at least width]: the last are what a place of the rectangle sees of its row.
        scatter: [tokens], the place of each in the rectangle.
        scale: Of the scores.
    """
    q, k, v = own
    inner = _Part.of(q, k, v, scale, sees[..., -k.shape[2] :]).places(scatter)
    outer = _Part.of(query, *shared, scale)
    both = torch.logaddexp(inner.mass, outer.mass)
    mixed = sum(part.mixed.float() * (part.mass - both).exp() for part in (inner, outer))
    assert isinstance(mixed, torch.Tensor)
    return mixed.to(v.dtype).transpose(1, 2)
