"""Overfitting: the validation loss rises while the training loss goes on to fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from seatrial_plugins.training.validation import Evaluation, History

__all__ = ["Overfitting"]

_CONFIDENCE = 0.99
_LEAST = 0.02
"""Share of the lowest validation loss by which it must have risen: rates that end high wander by less."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """From which step on training only learned its rows by heart."""

    best: Evaluation
    last: Evaluation
    rise: float
    """How much the validation loss rose, in nats: the one-sided lower bound at 99% over validation rows."""

    @classmethod
    def found(cls, history: History, counts: Sequence[int]) -> Self | None:
        """What the evaluations so far show, if they do.

        The rows of the best and the last evaluation are paired; the mean per token is a ratio, whose standard error is that
        of Cochran (1977), Sampling Techniques, section 6.4.

        Args:
            history: of the training.
            counts: how often each validation row counts in the mean: its supervised tokens.
        """
        from scipy.stats import t

        best, last, count = history.best_evaluation, history.evaluations[-1:], len(counts)
        if best is None or last == [best] or count < 2:
            return None
        moved = [now - then for then, now in zip(history.best_rows, history.last_rows, strict=True)]
        rise = sum(moved) / sum(counts)
        spread = sum((by - rise * of) ** 2 for by, of in zip(moved, counts, strict=True))
        error = math.sqrt(spread * count / (count - 1)) / sum(counts)
        lower = rise - float(t.ppf(_CONFIDENCE, count - 1)) * error
        if lower <= _LEAST * best.loss or last[0].training >= best.training:
            return None
        return cls(best, last[0], lower)

    def told(self, unit: str, *, kept_best: bool) -> str:
        """What happened, and what to do."""
        best, last = self.best, self.last
        kept = (
            f"the weights of step {best.step} were kept"
            if kept_best
            else "the weights of the last step were kept: say `early_stopping: {}` to keep the best, or train fewer epochs, at a "
            "lower rate or with more weight decay"
        )
        return (
            f"training overfits from step {best.step} on: up to step {last.step} the validation loss rose from {best.loss:.3g} "
            f"to {last.loss:.3g} nats per {unit} (by more than {self.rise:.2g} at {_CONFIDENCE:.0%} confidence), while the "
            f"training loss fell from {best.training:.3g} to {last.training:.3g}; {kept}"
        )
