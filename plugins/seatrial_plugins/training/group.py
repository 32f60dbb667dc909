"""The group of processes that share a training: what they add up, gather and tell each other.

Nothing wraps the network: gradients are added up once a step, after its last pass, so each process may cut its share into as
many passes as it needs, replay graphs and compile as if it were alone. Of adapters that is little: those of rank 16 on query
and value of an 8B shape have 27 MB of gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from seatrial.training import Parallel, Part

__all__ = ["ALONE", "Group", "present", "taking_part"]

_PATIENCE = timedelta(minutes=30)
"""That one waits for another: it may write a large checkpoint. One that died is noticed at once, by the host."""

_BUCKET = 1 << 26
"""Numbers that are added up in one message, at most."""


@dataclass(frozen=True, slots=True)
class Group:
    """One process's place among those that share a training."""

    rank: int = 0
    world: int = 1
    parallel: Parallel | None = None
    """How they share it; None where there is one."""

    @property
    def sharded(self) -> bool:
        """Whether each holds a share of the frozen weights."""
        return self.parallel == "sharded"

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        """Make of each tensor the sum over the processes, in all of them to the same bits."""
        for bucket in _buckets(tensors) if self.world > 1 else ():
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
            distributed.all_reduce(flat)
            parts = flat.split([tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def gathered(self, value: Any) -> list[Any]:
        """What each process has, by rank."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        distributed.all_gather_object(found, value)
        return found

    def told(self, value: Any) -> Any:
        """What the first process has."""
        if self.world == 1:
            return value
        said = [value if self.first else None]
        distributed.broadcast_object_list(said, src=0, device=torch.device("cpu"))
        return said[0]


ALONE = Group()
"""The only process."""

_now = ALONE


def present() -> Group:
    """The group that this process is in."""
    return _now


@contextmanager
def taking_part(part: Part) -> Iterator[Group]:
    """Within the block, this process is one of the group."""
    global _now  # noqa: PLW0603 - a process has one
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    meets = f"tcp://{part.address}:{part.port}"
    distributed.init_process_group(backend, init_method=meets, rank=part.rank, world_size=part.world, timeout=_PATIENCE)
    _now = Group(part.rank, part.world, part.parallel)
    yield _now
    # Not after a failure: others may wait in an operation, and whoever watches ends this process with them.
    _now = ALONE
    distributed.all_reduce(torch.zeros(1))  # nobody leaves before all are done
    distributed.destroy_process_group()


def _buckets(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Tensors of one dtype, as many as make one message."""
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        bucket: list[torch.Tensor] = []
        filled = 0
        for tensor in (one for one in tensors if one.dtype == dtype):
            if bucket and filled + tensor.numel() > _BUCKET:
                yield bucket
                bucket, filled = [], 0
            bucket.append(tensor)
            filled += tensor.numel()
        yield bucket
