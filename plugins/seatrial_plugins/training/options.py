"""The options of training, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from seatrial.rows import Turn

__all__ = ["DECAY", "EarlyStopping", "OverfitRemedy", "TrainingOptions"]

DECAY = 0.2
"""The share of the steps in which the schedule `wsd` falls (Hägele et al., arXiv 2405.18392)."""


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


@dataclass(frozen=True, slots=True)
class OverfitRemedy:
    """What is done where training overfits: back to the weights of the best evaluation, and on from there more carefully."""

    remedy: str = "both"
    times: int = 2
    """How often; where training overfits once more, it stops."""

    KINDS: ClassVar[tuple[str, ...]] = ("both", "lower_rate", "more_decay")

    @classmethod
    def parse(cls, given: Mapping[str, str | int]) -> Self:
        """From the suite's mapping.

        Raises:
            UsageError: an unknown key or remedy, or a number below 1.
        """
        unknown = sorted(set(given) - {"remedy", "times"})
        if unknown:
            raise UsageError(f"train.overfit: unknown key {unknown[0]!r}; accepted are remedy and times")
        remedy, times = given.get("remedy", "both"), given.get("times", 2)
        if not isinstance(remedy, str) or remedy not in cls.KINDS:
            raise UsageError(f"train.overfit: {remedy!r} is no remedy; there are: {', '.join(cls.KINDS)}")
        if isinstance(times, str) or times < 1:
            raise UsageError("train.overfit: times is a count of at least 1")
        return cls(remedy, times)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """What every method takes.

    Args:
        epochs: How often each row is read; 0.5 stops half-way.
        lr: Peak learning rate of AdamW.
        batch_size: Rows of one forward pass on one device; a pass beyond the loader's `batch_tokens` is split.
        gradient_accumulation: Passes of one optimizer step. The loss is the mean over all supervised tokens of the step.
        max_length: Rows are cut after so many tokens; how many were, and what was lost, is recorded.
        loss_on: The assistant's turns that are trained: all, or the last of each row.
        schedule: Of the learning rate, after the warm-up: cosine to the floor, linear to zero, constant, or wsd (warm-up,
            stable, decay: constant until the last fifth, which falls to the floor).
        warmup: Share of the steps in which the learning rate rises from zero.
        floor: What the learning rate falls to, as a share of its peak (cosine and wsd).
        weight_decay: Of AdamW.
        max_grad_norm: Gradients are scaled down to this norm; 0 leaves them.
        gradient_checkpointing: Recompute activations in the backward pass: less memory, a third slower.
        compile: Compile the model's layers on a CUDA GPU, which takes most of a minute; where unset, in a training of a large
            model that is long enough to repay it.
        early_stopping: `{patience: 3, every: 50}`: stop after so many evaluations, each after so many steps (an epoch where
            unset), without a lower validation loss, and keep the best weights.
        overfit: `{remedy: both, times: 2}`: where an evaluation shows that training overfits, go back to the best weights and on with
            three tenths of the rate (`lower_rate`), with 0.1 more weight decay (`more_decay`), or with `both`; so often at most,
            then stop. The best weights are kept.
        save_every: Steps between checkpoints; a fifth of the training where unset.

    Raises:
        UsageError: a number out of its range.
    """

    epochs: float = 3.0
    lr: float = 2e-4
    batch_size: int = 8
    gradient_accumulation: int = 1
    max_length: int = 2048
    loss_on: Literal["all", "last"] = "all"
    schedule: Literal["cosine", "linear", "constant", "wsd"] = "cosine"
    warmup: float = 0.03
    floor: float = 0.0
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    gradient_checkpointing: bool = False
    compile: bool | None = None
    early_stopping: dict[str, int] | None = None
    overfit: dict[str, str | int] | None = None
    save_every: int | None = None

    def __post_init__(self) -> None:
        for name, (holds, accepted) in self._ranges().items():
            if not holds:
                raise UsageError(f"train.{name}: {getattr(self, name)} is not accepted; it is {accepted}")
        if self.early_stopping is not None:
            EarlyStopping.parse(self.early_stopping)
        if self.overfit is not None:
            OverfitRemedy.parse(self.overfit)

    @property
    def remedy(self) -> OverfitRemedy | None:
        """What is done where training overfits; None: it is named."""
        return None if self.overfit is None else OverfitRemedy.parse(self.overfit)

    @property
    def stopping(self) -> EarlyStopping | None:
        """When to stop before the end; None: never."""
        return None if self.early_stopping is None else EarlyStopping.parse(self.early_stopping)

    def taught(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The turns as `loss_on` has them trained (`seatrial.training.TrainsPart`)."""
        from seatrial_plugins.huggingface.runtime import only_last_trained

        return only_last_trained(turns) if self.loss_on == "last" else turns

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        """Option → whether it is in its range, and what that is."""
        falls = self.schedule in {"cosine", "wsd"}
        return {
            "epochs": (0 < self.epochs < float("inf"), "above 0"),
            "lr": (0 < self.lr < float("inf"), "above 0"),
            "batch_size": (self.batch_size >= 1, "at least 1"),
            "gradient_accumulation": (self.gradient_accumulation >= 1, "at least 1"),
            "max_length": (self.max_length >= 2, "at least 2 tokens"),
            "warmup": (
                0 <= self.warmup < 1 and (self.schedule != "wsd" or self.warmup <= 1 - DECAY),
                f"a share of the steps, from 0 up to, not including, 1, and up to {1 - DECAY:g} with wsd",
            ),
            "floor": (
                0 <= self.floor < 1 and (falls or not self.floor),
                "a share of the peak, from 0 up to, not including, 1, and 0 where the schedule is neither cosine nor wsd",
            ),
            "weight_decay": (self.weight_decay >= 0, "at least 0"),
            "max_grad_norm": (self.max_grad_norm >= 0, "at least 0"),
            "save_every": (self.save_every is None or self.save_every >= 1, "at least 1 step"),
        }
