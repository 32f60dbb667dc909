"""Prefix groups: sequences arranged by what they begin with, so that each beginning is computed as rarely as it pays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seatrial_plugins.huggingface.token_tree import common_prefix

__all__ = ["PrefixGroup", "grouped"]

_WORTH = 256
"""A group by itself saves at least so many tokens: it is a forward pass more, and batches that may stay unfilled."""

_SHORTEST = 16
"""So many tokens more than the group around it, at least."""

_SHARE = 1 / 16
"""And at least this share of what its members are fed without it."""


@dataclass(slots=True)
class PrefixGroup:
    """Sequences that begin alike. Indices are those of `grouped`'s argument."""

    length: int
    """How many tokens of theirs are computed before: those whose keys are kept."""
    apart: list[int] = field(default_factory=list)
    """Members that share no more than that with others, as far as it pays."""
    together: list[list[int]] = field(default_factory=list)
    """Members that share more, and few enough for one batch each."""
    inner: list[PrefixGroup] = field(default_factory=list)
    """Members that share more, and too many for one."""

    def one(self) -> int:
        """A member."""
        return next(iter(self.apart or [some[0] for some in self.together] or [inner.one() for inner in self.inner]))


def grouped(
    sequences: Sequence[Sequence[int]], most: Sequence[int], *, batch_tokens: int, worth: int = _WORTH
) -> PrefixGroup:
    """All sequences as a group that shares nothing, with the groups in it.

    Args:
        sequences: Token ids.
        most: How many of its first tokens may be computed apart from the rest of it, for each sequence.
        batch_tokens: How many tokens one batch holds.
        worth: How many tokens a group by itself has to save.
    """
    order = sorted(range(len(sequences)), key=lambda index: tuple(sequences[index]))
    lengths = np.array([len(sequences[index]) for index in order])
    alike = np.array(
        [
            min(common_prefix([sequences[one], sequences[other]]), most[one], most[other])
            for one, other in itertools.pairwise(order)
        ]
    )
    top = PrefixGroup(0)
    todo = [(0, len(order), top)]
    while todo:
        low, high, around = todo.pop()
        members, count = order[low:high], high - low
        if count < 2:
            around.apart += members
            continue
        shared = int(alike[low : high - 1].min())
        more, fed = shared - around.length, int(lengths[low:high].sum()) - count * around.length
        if fed - fed // count < worth:  # nothing that they might share pays
            around.apart += members
            continue
        if more >= _SHORTEST and more * (count - 1) >= max(worth, _SHARE * fed):
            if fed - more * (count - 1) <= batch_tokens:
                around.together.append(members)
                continue
            around.inner.append(PrefixGroup(shared))
            around = around.inner[-1]
        ends = [low, *(low + 1 + np.flatnonzero(alike[low : high - 1] == shared)).tolist(), high]
        todo += [(first, last, around) for first, last in itertools.pairwise(ends)]
    return top
