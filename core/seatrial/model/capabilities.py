"""What a model can do: one small protocol for each capability.

A scorer names the capabilities that it needs, so `seatrial check` can refuse, say, to score a
text-only endpoint by loglikelihood before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self, runtime_checkable

from seatrial.rows import Row, Turn

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "Baseline",
    "Capability",
    "ChecksAdapters",
    "Continuation",
    "CountsTokens",
    "Detector",
    "Encoder",
    "EncodesWords",
    "Generates",
    "Generation",
    "LanguageModel",
    "ModelFiles",
    "ModelLoader",
    "Scores",
    "Times",
    "Timing",
    "WordVectors",
]

Capability = Literal["scores", "generates", "times"]
"""The capabilities of a language model that a scorer can ask for."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """How likely a model finds one continuation of a prompt."""

    logprob: float
    """Sum of the natural log probabilities of the continuation's tokens."""
    tokens: int
    """How many tokens the continuation has; ≥ 1."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What a model said, and why it stopped."""

    text: str
    tokens: int
    finished: bool
    """False where the token limit cut it off."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One timed request."""

    ttft_ms: float
    """Time to the first token, in milliseconds: prompt in, first new token out."""
    gaps_ms: tuple[float, ...]
    """The time between each new token and the one before it (inter-token latency); one fewer than new tokens."""
    peak_bytes: int
    """Peak memory during the request: allocated on the GPU, or resident in the process on a CPU."""


@runtime_checkable
class Scores(Protocol):
    """Gives log probabilities of given continuations."""

    def loglikelihoods(
        self, prompts: Sequence[Sequence[Turn]], options: Sequence[Sequence[str]]
    ) -> list[list[Continuation]]:
        """For each prompt, each of its options' likelihood as the assistant's next turn (end of turn included).

        Raises:
            ValueError: there are more prompts than lists of options, or fewer.
        """
        ...


@runtime_checkable
class Generates(Protocol):
    """Writes the assistant's next turn."""

    def generate(
        self, prompts: Sequence[Sequence[Turn]], *, max_new_tokens: int, stop: Sequence[str] = ()
    ) -> list[Generation]:
        """Greedy decoding, one generation a prompt, the prompt not included."""
        ...


@runtime_checkable
class Times(Protocol):
    """Decodes while a clock runs."""

    def serving(self) -> AbstractContextManager[str]:
        """The model as it would be served while the block runs; gives what became of its adapter.

        `merged` into the weights, `none` where there is none, or `separate: ` and why merging would change what it says.
        """
        ...

    def time_request(self, *, batch: int, prompt_tokens: int, new_tokens: int, seed: int) -> Timing:
        """Decode exactly `new_tokens` greedily from random prompts of exactly `prompt_tokens`; end of turn ignored."""
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """Counts tokens as the model under test does."""

    def count_tokens(self, conversations: Sequence[Sequence[Turn]]) -> list[int]:
        """The length in tokens of each conversation, rendered with the model's chat template.

        Raises:
            StageError: the chat template refuses a conversation.
        """
        ...

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of plain texts, without special tokens."""
        ...

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of `tokenize` stands in its text: first character, one past the last.

        Tokens that are parts of one character all have its place.
        """
        ...


class LanguageModel(CountsTokens, Protocol):
    """A loaded model, with or without an adapter. Which capabilities it has, `isinstance` tells."""

    @property
    def facts(self) -> Mapping[str, object]:
        """What a reviewer should know: device, dtype, parameters, attention, versions. JSON values."""
        ...

    def without_adapter(self) -> Self:
        """The un-tuned base as a view on the same weights; the model itself if it has no adapter."""
        ...


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's weights on disk, ready to be loaded, and what they are."""

    folder: Path
    """Holds config.json, tokenizer files and safetensors."""
    address: str
    """What the suite said."""
    digest: str
    """SHA-256 over the weights as they came; the cache and the manifest key on it."""
    facts: Mapping[str, object]
    """Format, conversion, parameter count. JSON values."""


class ModelLoader(Protocol):
    """Turns a resolved source into a model in memory."""

    def prepare(self, source: Path, address: str, cache: Path) -> ModelFiles:
        """Convert the weights at `source` once into `cache`, if they need it, and name their digest."""
        ...

    def load(self, files: ModelFiles, adapter: Path | None = None) -> LanguageModel:
        """Load the weights, and the adapter on top of them."""
        ...

    def tokenizer(self, files: ModelFiles) -> CountsTokens:
        """The tokenizer alone, without the weights."""
        ...


@runtime_checkable
class ChecksAdapters(Protocol):
    """A loader that knows from an adapter's files alone what is wrong with them: told before anything is read or computed."""

    def check_adapter(self, folder: Path) -> None:
        """Refuse, with a `SourceError`, what is no whole adapter; the model is not needed for it."""
        ...


class Encoder(Protocol):
    """Turns texts into vectors."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, shape [texts, dimensions]; an empty text gives a zero vector."""
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
        """One mapping a text: label → probability in [0, 1]. An empty list gives an empty list."""
        ...


class Baseline(Protocol):
    """A cheap classifier on the same rows, to be beaten by the tuned model."""

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """Learn from rows that have a label."""
        ...

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The predicted label of each row."""
        ...
