"""A language model as a classifier of label words: text in, a probability for each label out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import StageError
from seatrial.model import Continuation
from seatrial.rows import Turn

if TYPE_CHECKING:
    import numpy as np

__all__ = ["TIE", "LabelClassifier"]

TIE = 1e-5
"""Nats. Log-likelihoods that are no further apart are equal: float32 sums of the same terms in another order differ by less."""


@dataclass(frozen=True, slots=True)
class LabelClassifier:
    """One prompt with a gap where the last user message stood, and the labels that may answer it."""

    prompt: tuple[Turn, ...]
    labels: tuple[str, ...]

    @property
    def place(self) -> int:
        """Which turn is the user's last.

        Raises:
            StageError: no turn is a user's.
        """
        for place in range(len(self.prompt) - 1, -1, -1):
            if self.prompt[place].role == "user":
                return place
        raise StageError("the prompt has no user message to attack")

    @property
    def text(self) -> str:
        """The user's message as it stands in the prompt."""
        return self.prompt[self.place].content

    def with_text(self, text: str) -> tuple[Turn, ...]:
        """The prompt with another user message; every other turn is left alone."""
        place = self.place
        return (*self.prompt[:place], self.prompt[place].with_content(text), *self.prompt[place + 1 :])

    def probabilities(self, given: Sequence[Sequence[Continuation]], truth: str) -> np.ndarray:
        """Softmax over the labels' log-likelihoods, one row for each text that was asked: float64, shape [texts, labels].

        It is float64 on purpose: TextAttack takes rows whose sum is off by 1e-6 for logits, and applies a second
        softmax to the whole batch. It takes the first of equal labels for the answer, too: where the expected label
        shares the top with another it is made the less likely one, so that a tie is not right, whatever the labels' order.

        Raises:
            StageError: a log-likelihood is not a number.
        """
        import numpy as np
        from scipy.special import softmax

        logprobs = np.array([[option.logprob for option in options] for options in given], dtype=np.float64)
        logprobs = logprobs.reshape(len(given), len(self.labels))
        if not (np.isfinite(logprobs) | np.isneginf(logprobs)).all() or np.isneginf(logprobs).all(axis=1).any():
            raise StageError("the model's log-likelihoods of the labels are not numbers")
        expected = np.array([label == truth for label in self.labels])
        if expected.any() and not expected.all():
            others = logprobs[:, ~expected].max(axis=1)
            tied = np.abs(logprobs[:, expected].max(axis=1) - others) <= TIE
            logprobs[np.ix_(tied, expected)] = others[tied, None] - TIE
        return softmax(logprobs, axis=1)
