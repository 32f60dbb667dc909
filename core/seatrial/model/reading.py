"""Small models that read text for other components: encoders, detectors, and the baselines that a tuned model must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from seatrial.model.capabilities import Generates
from seatrial.rows import Row

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Asked", "Baseline", "Detector", "Encoder", "EncodesWords", "WordVectors"]


class Asked(Protocol):
    """A model beside the one on trial, which a component asks; what an option that is declared as `Use("model")` becomes."""

    @property
    def address(self) -> str:
        """As the suite wrote it."""
        ...

    @property
    def key(self) -> str:
        """Equal for the same weights opened in the same way."""
        ...

    def open(self) -> Generates:
        """The model; it stays open until the run ends."""
        ...


class Encoder(Protocol):
    """Turns texts into vectors.

    It may say in an attribute `scripts` (a tuple of names, such as Latin and Greek) whose letters it reads. A run holds what it
    gives to what is said here (`seatrial.model.held`).
    """

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, shape [texts, dimensions].

        An empty text gives a zero vector, and so does one of which the encoder cannot read the most part, such as Thai to an
        encoder that knows no Thai letters: who asks must not judge such a text.
        """
        ...


@dataclass(frozen=True, slots=True)
class WordVectors:
    """The words of one text as an encoder reads them, each with a vector that knows its context."""

    spans: tuple[tuple[int, int], ...]
    """Where each word stands in the text: its first character, and one past its last."""
    vectors: np.ndarray
    """Unit vectors, float32, shape [words, dimensions]."""


@runtime_checkable
class EncodesWords(Encoder, Protocol):
    """An encoder that can also tell words apart."""

    def encode_words(self, texts: Sequence[str]) -> list[WordVectors]:
        """The words of each text, as many as the encoder reads; an empty text has none."""
        ...


class Detector(Protocol):
    """Scores texts on named labels (toxicity and its kinds).

    It may have a `name` for reports, the `labels` that it gives, so that a suite that asks for another is refused before
    anything runs, and the digests of the files that it `reads`, by name (see `RowFilter`).
    """

    weak: bool
    """True where the detector must be labelled weak wherever it speaks."""

    def detect(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """One mapping a text: label → probability in [0, 1]. An empty list gives an empty list.

        An empty mapping is for a text of which the detector cannot read the most part: who asks must not take it for harmless.
        """
        ...


@runtime_checkable
class TellsUnread(Protocol):
    """A baseline that knows of rows which it could not read: what it answers to them is a guess, which a run warns of."""

    @property
    def unread(self) -> int:
        """How many of the rows of the last call, of `fit` or `classify`."""
        ...


class Baseline(Protocol):
    """A cheap classifier on the same rows, to be beaten by the tuned model."""

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """Learn from rows that have a label."""
        ...

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The predicted label of each row."""
        ...
