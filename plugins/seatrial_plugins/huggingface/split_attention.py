"""Split attention: keys that all rows share are read apart from a row's own, and the two are put together exactly.

Each part's softmax is known up to its maximum and its sum, from which that over both follows (Hydragen, arXiv 2402.05099). The
shared keys are not copied for each row, no place is padded, and what reads them is one large matrix product.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

__all__ = ["attend_behind"]

_AT_ONCE = 1 << 18
"""So many scores per head are written out at a time: of nine heads in float32, 9 MB, which stay in a processor's cache."""

Pair = tuple[torch.Tensor, torch.Tensor]


class _Part(NamedTuple):
    """Attention over some of the keys: [batch, key-value heads, groups, queries, …]."""

    mixed: torch.Tensor
    """Values by weights that are 1 at the largest score, float32."""
    top: torch.Tensor
    mass: torch.Tensor

    @classmethod
    def of(cls, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, sees: torch.Tensor | None = None) -> _Part:
        """`q` is scaled, [batch, key-value heads, groups, queries, size]; `sees` is [batch, 1, queries, keys]."""
        batch, heads, groups, queries, size = q.shape
        scores = (q.reshape(batch, heads, groups * queries, size) @ k.transpose(2, 3)).float()
        if sees is not None:
            scores = scores.view(batch, heads, groups, queries, -1)
            scores = scores.masked_fill(~sees[:, :, None], torch.finfo(scores.dtype).min).flatten(2, 3)
        top = scores.amax(-1, keepdim=True)
        weights = scores.sub_(top).exp_()
        mixed = (weights.to(v.dtype) @ v).float()
        return cls(*(part.view(batch, heads, groups, queries, -1) for part in (mixed, top, weights.sum(-1, True))))

    def places(self, at: torch.Tensor) -> _Part:
        """Those of a rectangle, [rows, …, width, …], as one row of tokens."""
        return _Part(*(part.permute(1, 2, 0, 3, 4).flatten(2, 3).index_select(2, at)[None] for part in self))


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
    _, heads, tokens, size = query.shape
    groups = heads // shared[0].shape[1]
    q, k, v = own
    width = k.shape[2]
    inner = _Part.of(_grouped(q, groups) * scale, k, v, sees[..., -width:]).places(scatter)
    asked = _grouped(query, groups) * scale
    step = max(1, _AT_ONCE // shared[0].shape[2])
    mixed = [
        _together(
            _Part.of(asked[:, :, :, at : at + step], *shared), _Part(*(part[:, :, :, at : at + step] for part in inner))
        )
        for at in range(0, tokens, step)
    ]
    return torch.cat(mixed, dim=3).to(v.dtype).reshape(1, heads, tokens, size).transpose(1, 2)


def _grouped(query: torch.Tensor, groups: int) -> torch.Tensor:
    """Query heads of one key-value head beside each other."""
    return query.unflatten(1, (-1, groups))


def _together(one: _Part, other: _Part) -> torch.Tensor:
    top = torch.maximum(one.top, other.top)
    a, b = ((part.top - top).exp() for part in (one, other))
    return (one.mixed * a + other.mixed * b) / (one.mass * a + other.mass * b)
