"""What a training will cost, told by its method before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Protocol, Self, runtime_checkable

from seatrial.training.method import TrainingJob

__all__ = ["Lighter", "Probed", "ProbesCost", "TellsCost", "TellsLighter", "TrainingCost", "Work"]


@dataclass(frozen=True, slots=True)
class Work:
    """What a stretch of a training asks of a device, whichever it is."""

    products: float = 0.0
    """Floating-point operations of products of matrices in 16 bits; a multiplication and an addition are two."""
    products32: float = 0.0
    """The same in 32 bits."""
    traffic: float = 0.0
    """Bytes that all other operations read and write: they wait for memory, not for arithmetic."""
    launches: float = 0.0
    """Operations that the host launches one by one."""
    kernels: float = 0.0
    """Operations of recorded graphs, which are launched together."""

    def __add__(self, other: Work) -> Work:
        return Work(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def times(self, count: float) -> Work:
        """So often."""
        return Work(*(getattr(self, one.name) * count for one in fields(self)))

    @classmethod
    def all_of(cls, parts: Iterable[Work]) -> Self:
        """All of the parts together."""
        columns = [(one.products, one.products32, one.traffic, one.launches, one.kernels) for one in parts]
        return cls(*map(sum, zip(*columns, strict=True))) if columns else cls()


@dataclass(frozen=True, slots=True)
class TrainingCost:
    """What one training takes, from the shapes of its weights and the lengths of its rows."""

    device: str
    """The kind of device that it was counted for: `cuda`, `cpu`."""
    memory: Mapping[str, int]
    """What lies in the device's memory when most does, in bytes, by what it is: weights, gradients, …"""
    steps: Sequence[Work]
    """Of each optimizer step, in order."""
    validation: Work = field(default_factory=Work)
    """Of all evaluations together."""
    written: int = 0
    """Bytes of checkpoints and product that go to the disk."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What a reader should know of how it was counted: rows, tokens, the largest pass, precision. JSON values."""

    @property
    def peak(self) -> int:
        """The most memory that the training's tensors take, in bytes."""
        return sum(self.memory.values())

    @property
    def work(self) -> Work:
        """All of it."""
        return Work.all_of(self.steps) + self.validation


@dataclass(frozen=True, slots=True)
class Lighter:
    """A change of the suite that needs less memory."""

    change: Mapping[str, object]
    """Suite key → value, as for `--set`: `{"train.gradient_checkpointing": True}`."""
    cost: TrainingCost
    """With that change."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What some steps took that were trained on this machine's device."""

    device: str
    """As its driver names it."""
    steps: Sequence[int]
    """Which steps of the plan, 0-based."""
    seconds: float
    """That these steps took, once all is warm."""
    starting: float
    """Seconds that the first ones took beyond that: libraries that load, graphs that are recorded, code that is compiled."""
    peak: int
    """Bytes, as `TrainingCost.peak`; the heaviest step is among them."""


@runtime_checkable
class TellsCost(Protocol):
    """A method that tells what its training will cost."""

    def cost(self, job: TrainingJob) -> TrainingCost:
        """Count without the weights: nothing is loaded on the device, nothing of the job's folders is written.

        Raises:
            TrainingError: rows cannot be trained on.
            UsageError: the options do not fit the model.
        """
        ...


@runtime_checkable
class TellsLighter(Protocol):
    """A method that tells what else would do with less memory."""

    def lighter(self, job: TrainingJob) -> Iterable[Lighter]:
        """Changes of the method's and the model's options that need less memory, those that cost least first."""
        ...


@runtime_checkable
class ProbesCost(Protocol):
    """A method that trains a few steps to see what they take."""

    def probe(self, job: TrainingJob, cost: TrainingCost) -> Probed:
        """Load the model, train some of its steps, the heaviest among them, and let go of it; nothing is kept."""
        ...
