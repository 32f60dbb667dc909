"""Batches of similar length within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

__all__ = ["batches_by_length"]


def batches_by_length(lengths: Sequence[int], fits: Callable[[int, int, int], bool]) -> Iterator[list[int]]:
    """Indices into `lengths`, longest first, in batches; one that doesn't fit alone still gets a batch of its own.

    Args:
        lengths: The items' sizes.
        fits: Whether a batch of so many items, of so many tokens in sum, the longest so long, may be run.
    """
    batch: list[int] = []
    total = 0
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = lengths[batch[0]] if batch else lengths[index]
        if batch and not fits(len(batch) + 1, total + lengths[index], longest):
            yield batch
            batch, total = [], 0
        batch.append(index)
        total += lengths[index]
    if batch:
        yield batch
