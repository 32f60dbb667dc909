"""Trials of a search: several settings of a method trained for their validation loss alone, together where a method can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from seatrial.model.loading import Target, Trainable
from seatrial.rows import Rows

__all__ = ["TrialsJob", "Tried", "TriedTogether", "TriesTogether"]


@dataclass(frozen=True, slots=True)
class TrialsJob:
    """Rows that several settings are trained on, each by itself, and judged by."""

    train: Rows
    validation: Rows
    seed: int
    """Of each training: settings differ in their options alone."""
    stages: Sequence[float]
    """Shares of a training's steps, ascending, after which its validation loss is reported."""
    report: Callable[[int, int, float], bool]
    """Called with (which setting, which stage, validation loss); whether its training goes on. Each counts from 0."""
    progress: Callable[[float], None]
    """Called with the share of all that is done."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one setting."""

    loss: float | None
    """Mean over the validation rows' supervised tokens of -ln p, at the end; None where it came to none."""
    seconds: float
    """Its share of the time."""
    peak_bytes: int = 0
    """The most memory that was taken while it was trained, by all that were trained with it."""
    together: int = 1
    """How many were trained at once."""
    reason: str = ""
    """Why there is no loss; "" where it was given up on report."""


class TriedTogether(Protocol):
    """The frozen base in memory, and settings trained beside it."""

    def takes(self, method: Any) -> bool:
        """Whether a method with its options can be trained beside others."""
        ...

    def run(self, methods: Sequence[Any], job: TrialsJob) -> Sequence[Tried]:
        """Train each of them as if it were alone, up to rounding.

        Raises:
            TrainingError: rows cannot be trained on.
        """
        ...


@runtime_checkable
class TriesTogether(Protocol):
    """A method that can train several settings of itself at once on one copy of the frozen weights."""

    def trials(self, target: Target, model: Trainable) -> AbstractContextManager[TriedTogether] | None:
        """The base, loaded within the block; None where its settings are trained one at a time."""
        ...
