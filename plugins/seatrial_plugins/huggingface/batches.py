"""Batches of similar length within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

__all__ = ["batches_by_length", "in_halves"]


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


def in_halves(batch: Sequence[int], run: Callable[[Sequence[int]], None]) -> None:
    """Run a batch; one that the device has no memory for, half by half.

    Raises:
        torch.OutOfMemoryError: there is none for one item alone.
    """
    try:
        run(batch)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
    else:
        return
    # Outside the handler: the error holds the tensors of the pass that failed.
    torch.cuda.empty_cache()
    half = len(batch) // 2
    in_halves(batch[:half], run)
    in_halves(batch[half:], run)
