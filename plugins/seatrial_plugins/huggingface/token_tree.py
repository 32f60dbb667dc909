"""Token trees: sequences that begin alike, each token kept once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

__all__ = ["TokenTree", "common_prefix"]

_KEPT = 16
"""So many sets of options are remembered. A task needs one; a row's own long options are met once, and thousands of
tokens that branch have an ancestry of megabytes."""


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

    def behind(self, head: Sequence[int]) -> TokenTree:
        """The same tree below a line of other tokens."""
        size = len(head)
        parents = (*range(-1, size - 1), *(size + parent if parent >= 0 else size - 1 for parent in self.parents))
        return TokenTree((*head, *self.tokens), parents, size + self.trunk)

    def __len__(self) -> int:
        return len(self.tokens)

    def depths(self) -> list[int]:
        """Each node's position in its sequence, 0-based."""
        return [*range(self.trunk), *(self.trunk + depth for depth in _depths(self._branches()))]

    def branching(self) -> np.ndarray:
        """Bool, [nodes, nodes] of those behind the trunk: whether the row's node sees the column's or is it."""
        return _ancestry(self._branches())

    def _branches(self) -> tuple[int, ...]:
        """The parents of the nodes behind the trunk, counted from its end; -1 is the trunk."""
        return tuple(parent - self.trunk if parent >= self.trunk else -1 for parent in self.parents[self.trunk :])


@lru_cache(maxsize=_KEPT)
def _ancestry(parents: tuple[int, ...]) -> np.ndarray:
    """Bool, [nodes, nodes]. The questions of a task branch into the same options, so it is computed once for all."""
    sees = np.eye(len(parents), dtype=np.bool_)
    for node, parent in enumerate(parents):
        if parent >= 0:
            sees[node] |= sees[parent]
    return sees


@lru_cache(maxsize=_KEPT)
def _depths(parents: tuple[int, ...]) -> tuple[int, ...]:
    """Each node's depth below the trunk, 0-based."""
    depths: list[int] = []
    for parent in parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    return tuple(depths)


def common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences begin with."""
    low, high = min(map(tuple, sequences)), max(map(tuple, sequences))
    for index, (a, b) in enumerate(zip(low, high, strict=False)):
        if a != b:
            return index
    return min(len(low), len(high))
