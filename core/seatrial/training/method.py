"""What a training method is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from seatrial.model.loading import ProductKind, Target, Trainable
from seatrial.rows import Rows, Turn

__all__ = ["ChecksModel", "Method", "Parallel", "Trained", "TrainingJob", "TrainsPart"]

Parallel = Literal["data", "sharded"]
"""How processes share a training, each with a share of every step's rows.

data     each holds the whole model
sharded  each holds a share of the frozen weights, and gathers a layer's when it needs them (FSDP2)
"""


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One training run."""

    target: Target
    """What is trained: address and digest, for what the product says of its base."""
    model: Trainable
    """The same, as its loader gives it to training."""
    train: Rows
    validation: Rows
    """May be empty; then there is no early stopping."""
    output: Path
    """An empty folder for the product (safetensors)."""
    checkpoints: Path
    """Kept when the run is killed; training goes on from the newest whole checkpoint in it."""
    seed: int
    log: Callable[[Mapping[str, float]], None]
    """Called at every logging step with at least `step`, `steps`, `epoch` and `loss` or `validation_loss`."""
    devices: int = 1
    """How many processes share the training, each with a device of its own."""
    parallel: Parallel = "data"
    images: Path | None = None
    """Where the pictures of the rows lie, each under its `seatrial.rows.Image.file_name`; None where none are kept."""
    stages: Sequence[float] = ()
    """Shares of its steps, ascending, after which (rounded up) its validation loss is to be logged, too: a trial that a search
    trains alone may be given up there."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out of it; the product's files are in the job's `output`."""

    kind: ProductKind
    facts: Mapping[str, object]
    """JSON values for reviewers, at least: `trainable_parameters`, `supervised_tokens`, `tokens`, `truncated_rows`,
    `lost_tokens`, `steps`, `best_step`, `tokens_per_second`, `peak_bytes`,
    `masked_examples` (a list of `{row, pieces, pictures}`, a piece `{text, supervised}`; digests of pictures where there are any)."""


class Method(Protocol):
    """Trains a model on conversations, with loss on the assistant's turns only (a component of kind `methods`)."""

    @property
    def product(self) -> ProductKind:
        """What it leaves. A class attribute will do."""
        ...

    def train(self, job: TrainingJob) -> Trained:
        """Train to the end.

        Raises:
            TrainingError: the loss is NaN or infinite, no token is supervised, or the product is not finite.
            UsageError: the model is of a runtime that it cannot train.
        """
        ...


@runtime_checkable
class ChecksModel(Protocol):
    """A method that tells, without the weights, whether its options fit a model."""

    def check(self, model: Trainable) -> None:
        """Refuse what could not be trained.

        Raises:
            UsageError: the options do not fit the model.
        """
        ...


@runtime_checkable
class TrainsPart(Protocol):
    """A method that may train less of a conversation than the row lets it."""

    def taught(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The turns of a row as it trains on them: what it leaves out of the loss is not `trained`."""
        ...
