"""What a trainer is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seatrial.model import ModelFiles
from seatrial.rows import Rows

__all__ = ["Trained", "Trainer", "TrainingJob"]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One training run."""

    model: ModelFiles
    loader: Mapping[str, object]
    """The options of the suite's model loader (dtype, device, …)."""
    train: Rows
    validation: Rows
    """May be empty; then there is no early stopping."""
    output: Path
    """An empty folder for the adapter (safetensors) or the tuned weights."""
    checkpoints: Path
    """Kept when the run is killed; training goes on from the newest whole checkpoint in it."""
    seed: int
    log: Callable[[Mapping[str, float]], None]
    """Called at every logging step with at least `step`, `steps`, `epoch` and `loss` or `validation_loss`."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out of it."""

    adapter: Path
    method: str
    facts: Mapping[str, object]
    """JSON values for reviewers, at least: `trainable_parameters`, `supervised_tokens`, `tokens`, `truncated_rows`,
    `lost_tokens`, `steps`, `best_step`, `tokens_per_second`, `peak_bytes`, `masked_example`."""


class Trainer(Protocol):
    """Trains an adapter (or all weights) on conversations, with loss on the assistant's turns only."""

    def train(self, job: TrainingJob) -> Trained:
        """Train to the end.

        Raises:
            TrainingError: the loss is NaN or infinite, no token is supervised, or the adapter is not finite.
        """
        ...
