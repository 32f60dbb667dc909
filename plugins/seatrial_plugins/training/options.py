"""The options of training, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from seatrial.errors import UsageError

__all__ = ["EarlyStopping", "LoraOptions", "TrainingOptions"]


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """When to stop before the end."""

    patience: int
    """Evaluations without a lower validation loss."""
    every: int | None = None
    """Steps between evaluations; an epoch where None."""

    @classmethod
    def parse(cls, given: Mapping[str, int]) -> Self:
        """From the suite's mapping.

        Raises:
            UsageError: an unknown key, or a number below 1.
        """
        unknown = sorted(set(given) - {"patience", "every"})
        if unknown:
            raise UsageError(f"train.early_stopping: unknown key {unknown[0]!r}; accepted are patience and every")
        if any(value < 1 for value in given.values()):
            raise UsageError("train.early_stopping: patience and every are counts of at least 1")
        return cls(given.get("patience", 3), given.get("every"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What every method takes, described at `seatrial_plugins.training.build_lora`.

    Raises:
        UsageError: a number out of its range.
    """

    epochs: float = 3.0
    lr: float = 2e-4
    batch_size: int = 8
    gradient_accumulation: int = 1
    max_length: int = 2048
    schedule: str = "cosine"
    warmup: float = 0.03
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    gradient_checkpointing: bool = False
    early_stopping: EarlyStopping | None = None
    save_every: int | None = None

    def __post_init__(self) -> None:
        for name, (holds, accepted) in self._ranges().items():
            if not holds:
                raise UsageError(f"train.{name}: {getattr(self, name)} is not accepted; it is {accepted}")

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        """Option → whether it is in its range, and what that is."""
        return {
            "epochs": (0 < self.epochs < float("inf"), "above 0"),
            "lr": (0 < self.lr < float("inf"), "above 0"),
            "batch_size": (self.batch_size >= 1, "at least 1"),
            "gradient_accumulation": (self.gradient_accumulation >= 1, "at least 1"),
            "max_length": (self.max_length >= 2, "at least 2 tokens"),
            "warmup": (0 <= self.warmup < 1, "a share of the steps, from 0 up to, not including, 1"),
            "weight_decay": (self.weight_decay >= 0, "at least 0"),
            "max_grad_norm": (self.max_grad_norm >= 0, "at least 0"),
            "save_every": (self.save_every is None or self.save_every >= 1, "at least 1 step"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraOptions(TrainingOptions):
    """What `seatrial_plugins.training.build_lora` takes, described there."""

    r: int = 16
    alpha: float = 32
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "qv"

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        return {
            "r": (self.r >= 1, "a rank of at least 1"),
            "alpha": (self.alpha > 0, "above 0"),
            "dropout": (0 <= self.dropout < 1, "from 0 up to, not including, 1"),
            "target_modules": (bool(self.target_modules), "qv, all-linear, or at least one module's name"),
            **super(LoraOptions, self)._ranges(),
        }
