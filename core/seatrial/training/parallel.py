"""A training that several processes share: what each is told, and what its method does for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from seatrial.model.loading import Trainable
from seatrial.training.method import Parallel, Trained, TrainingJob

__all__ = ["Launch", "Meeting", "Part", "SharesTraining"]


@dataclass(frozen=True, slots=True)
class Part:
    """One process's part in a training."""

    rank: int
    """Its number, from 0; the first writes the product, the checkpoints and the log, and nobody else writes anything."""
    world: int
    """How many there are."""
    address: str
    """Where the first can be reached."""
    port: int
    """A port there that nobody had when the training began."""
    parallel: Parallel = "data"


@dataclass(frozen=True, slots=True)
class Launch:
    """One of several processes that a launcher started (torchrun, accelerate launch), each with the same command."""

    rank: int
    world: int
    local: int
    """Its number on its host: the GPU that it uses."""
    local_world: int
    """How many there are on its host."""
    address: str
    """Of the host of rank 0."""
    port: int
    """Where the launcher's processes meet."""
    hosted: bool
    """Whether the launcher itself listens at that port; else rank 0 has to."""
    attempt: str = ""
    """Another one where a launcher starts its processes again."""


class Meeting(Protocol):
    """Where the processes of a launcher leave messages for each other; a `ConnectionError` once the launcher is gone."""

    def put(self, name: str, message: bytes) -> None:
        """Leave a message."""
        ...

    def get(self, name: str) -> bytes | None:
        """The message of that name, or None while there is none; does not wait."""
        ...


@runtime_checkable
class SharesTraining(Protocol):
    """A method whose training several processes can share; its descriptor says in which ways (`MethodComponent.parallel`).

    The loss curve is that of one process, up to the order of sums: a step reads the same rows.
    """

    def check_devices(self, model: Trainable, devices: int, parallel: Parallel) -> Iterable[str]:
        """What should be known of sharing the training of a model among so many devices of this machine, a sentence each.

        Raises:
            UsageError: it cannot be.
        """
        ...

    def draws(self, model: Trainable) -> bool:
        """Whether each process draws numbers of its own while it trains (dropout): what comes of it then hangs on how many
        there are, and is kept for that number alone.
        """
        ...

    def train_part(self, job: TrainingJob, part: Part) -> Trained:
        """Train as `train` does, with the other processes; what is given back counts from the first alone."""
        ...

    def meet(self, launch: Launch) -> Meeting:
        """Where the processes of a launcher find each other, in each of them."""
        ...
