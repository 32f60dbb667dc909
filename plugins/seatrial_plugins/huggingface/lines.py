"""Lines: rows laid end to end in one sequence, for an attention that is told where they end."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from seatrial_plugins.huggingface.device import send
from seatrial_plugins.huggingface.token_tree import common_prefix
from seatrial_plugins.huggingface.varlen import Varlen

__all__ = ["Lines", "line_up"]

_WORTH_SHARING = 1 / 16
"""A prefix that saves less than this share of a batch's tokens is computed in each row: its keys are copied in each layer."""

_TILE = 128


@dataclass(frozen=True, slots=True)
class Lines:
    """A batch as one sequence of `prefix + sum(rows)` tokens."""

    input_ids: torch.Tensor
    """[1, tokens]"""
    position_ids: torch.Tensor
    """[1, tokens]"""
    prefix: int
    """How many tokens all rows share."""
    offsets: tuple[int, ...]
    """Where each row's own tokens start in the sequence."""
    varlen: Varlen

    def place(self, row: int, node: int) -> int:
        """Where a token of a row stands in the sequence."""
        return node if node < self.prefix else self.offsets[row] + node - self.prefix

    def to(self, device: torch.device) -> Lines:
        """The same on another device."""
        ids, positions = (send(part, device) for part in (self.input_ids, self.position_ids))
        return replace(self, input_ids=ids, position_ids=positions, varlen=self.varlen.to(device))


def line_up(rows: Sequence[Sequence[int]], *, shares: bool = True) -> Lines:
    """Lay rows end to end; each keeps at least one token of its own, and shares what all begin with if it may."""
    lengths = np.array([len(row) for row in rows])
    prefix = min(common_prefix(rows), int(lengths.min()) - 1) if shares and len(rows) > 1 else 0
    if (len(rows) - 1) * prefix < _WORTH_SHARING * lengths.sum():
        prefix = 0
    own = lengths - prefix
    ends = prefix + np.cumsum(own)
    tokens, offsets = int(ends[-1]), ends - own
    shared = [prefix] * bool(prefix)
    ids = np.fromiter(itertools.chain(rows[0][:prefix], *(row[prefix:] for row in rows)), np.int64, tokens)
    positions = np.arange(tokens)
    positions[prefix:] -= np.repeat(offsets - prefix, own)
    varlen = Varlen(
        _cumulative([*shared, *own]),
        _cumulative([*shared, *lengths]),
        _rounded(max(*shared, int(own.max()), 1)),
        _rounded(int(lengths.max())),
        prefix,
        len(rows),
        _order(prefix, tokens, offsets, own) if prefix else None,
    )
    return Lines(
        torch.from_numpy(ids)[None], torch.from_numpy(positions)[None], prefix, tuple(offsets.tolist()), varlen
    )


def _order(prefix: int, tokens: int, offsets: np.ndarray, own: np.ndarray) -> torch.Tensor:
    parts = [np.arange(prefix)]
    for row, (start, size) in enumerate(zip(offsets, own, strict=True)):
        parts += [tokens + row * prefix + np.arange(prefix), start + np.arange(size)]
    return torch.from_numpy(np.concatenate(parts))


def _cumulative(lengths: Sequence[int]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _rounded(length: int) -> int:
    """Up to a tile of the kernel, which skips what isn't there."""
    return -(-length // _TILE) * _TILE
