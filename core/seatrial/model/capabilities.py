"""What a model can do: one small protocol for each capability, and what requests and responses are made of.

A probe names the capabilities that it needs, a loader those that it provides, so that `seatrial check` refuses, say, to
ask an endpoint that only writes text for log-likelihoods before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from seatrial.rows import Row, Turn

__all__ = [
    "PROTOCOLS",
    "Capability",
    "ChecksRows",
    "Classifies",
    "Completes",
    "Continuation",
    "CountsTokens",
    "Generates",
    "Generation",
    "KeepsAnswers",
    "MergeDifference",
    "Merges",
    "Model",
    "Samples",
    "Scores",
    "SeesImages",
    "Streams",
    "Times",
    "Timing",
]

Capability = Literal["scores", "generates", "samples", "completes", "classifies", "times", "merges", "trains", "images"]
"""What a model can do.

scores       gives log-likelihoods of given continuations (`Scores`)
generates    writes the next turn (`Generates`)
samples      draws several next turns at a temperature (`Samples`)
completes    goes on with plain text, outside of any conversation (`Completes`)
classifies   names one of the labels it was made for (`Classifies`)
times        decodes while a clock runs (`Times`)
merges       compares itself with what its adapter and its weights become as one (`Merges`)
trains       gives a training method its weights (`seatrial.model.Trainable`)
images       is shown the pictures of its prompts (`SeesImages`)
"""


Tools = Sequence[Sequence[Mapping[str, Any]]]
"""The tools that may be called in each of some conversations (`seatrial.Row.tools`); none in any where it is empty."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """How likely a model finds one continuation of a prompt."""

    logprob: float
    """Sum of the natural log probabilities of the continuation's tokens."""
    tokens: int
    """How many tokens the continuation has; ≥ 1."""
    greedy: bool | None = None
    """Whether each of its tokens is the likeliest one; None where that was not looked at."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What a model said, and why it stopped."""

    text: str
    tokens: int | None
    """How many tokens it has; None where the system tells none (an endpoint without usage, a function)."""
    finished: bool | None
    """False where the token limit cut it off; None where the system does not tell (a function)."""
    took: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Of a system elsewhere, what the request took, as far as it is known: `seconds` until the whole answer was there, `attempts`,
    `prompt_tokens`, `cost` (in the currency of the suite's prices); `shared`, alone, where an equal request of the same batch was
    asked and this one was not. Transcripts keep it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One timed request."""

    ttft_ms: float
    """Time to the first token, in milliseconds: prompt in, first new token out."""
    gaps_ms: tuple[float, ...]
    """The time between each new token and the one before it (inter-token latency); one fewer than new tokens."""
    peak_bytes: int
    """Peak memory during the request: allocated on the GPU, or resident in the process on a CPU."""


@dataclass(frozen=True, slots=True)
class MergeDifference:
    """How what a merged model says of one answer differs from what the model with its adapter beside the weights says."""

    tokens: int
    """Of the answer; ≥ 1."""
    logprob: float
    """The largest absolute difference between the natural log probabilities of its tokens."""
    kl: float
    """Kullback-Leibler divergence of the merged model's distribution from the other's, nats a token, mean over the answer."""
    agreement: float
    """The share of the answer's tokens at which both find the same token the likeliest."""


class Model(Protocol):
    """A system's model, open. Which capabilities it has, `isinstance` with the protocols below tells.

    One that puts a system turn before conversations without one says it in an attribute `system`: it is part of what was asked.
    """

    @property
    def facts(self) -> Mapping[str, object]:
        """What a reviewer should know: device, dtype, parameters, attention, versions. JSON values.

        Sentences that no reviewer may miss stand in a list under `warnings`; they are shown beside the verdict.
        """
        ...


@runtime_checkable
class Scores(Protocol):
    """Gives log probabilities of given continuations."""

    def loglikelihoods(
        self, prompts: Sequence[Sequence[Turn]], options: Sequence[Sequence[str]], *, tools: Tools = ()
    ) -> list[list[Continuation]]:
        """For each prompt, each of its options' likelihood as the assistant's next turn (end of turn included).

        `tools` are left out where no prompt has any.

        Raises:
            ValueError: there are more prompts than lists of options, or fewer.
        """
        ...


@runtime_checkable
class Generates(Protocol):
    """Writes the assistant's next turn."""

    def generate(
        self, prompts: Sequence[Sequence[Turn]], *, max_new_tokens: int, stop: Sequence[str] = (), tools: Tools = ()
    ) -> list[Generation]:
        """Greedy decoding, one generation a prompt, the prompt not included.

        `tools` are left out where no prompt has any.
        """
        ...


@runtime_checkable
class Completes(Protocol):
    """Goes on with plain text: no chat template is put around it, and no end of turn behind it."""

    def continuations(self, texts: Sequence[str], options: Sequence[Sequence[str]]) -> list[list[Continuation]]:
        """For each text, each of its options' likelihood right behind it. Behind an empty text, the token that opens texts is
        what the first one is conditioned on.

        Raises:
            ValueError: there are more texts than lists of options, or fewer.
        """
        ...

    def whole_texts(self, texts: Sequence[str]) -> list[Continuation]:
        """Each text's own likelihood, in windows of the context where it is longer: every token is scored once."""
        ...

    def complete(self, texts: Sequence[str], *, max_new_tokens: int, stop: Sequence[str] = ()) -> list[Generation]:
        """Greedy decoding behind each text, up to a stop string or the end of text."""
        ...


@runtime_checkable
class Samples(Protocol):
    """Draws several next turns of the assistant at a temperature."""

    def sample(
        self,
        prompts: Sequence[Sequence[Turn]],
        *,
        answers: int,
        temperature: float,
        top_p: float,
        seed: int,
        max_new_tokens: int,
        stop: Sequence[str] = (),
        tools: Tools = (),
    ) -> list[list[Generation]]:
        """For each prompt, as many generations as `answers` says, drawn independently of each other.

        `temperature` is above 0; `top_p` is the share of the probability from which is drawn, 1 for all of it. Equal seeds
        draw the same, where the model can promise it (weights here can, an endpoint may not), whatever other prompts stand
        in the call.
        """
        ...


@runtime_checkable
class Streams(Protocol):
    """Writes the assistant's next turn piece by piece."""

    def stream(
        self,
        prompt: Sequence[Turn],
        *,
        max_new_tokens: int,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> Iterator[str]:
        """Pieces of text as they are decoded; joined, they are the text that `generate` gives for the prompt alone.

        Whoever stops reading stops the decoding.
        """
        ...


@runtime_checkable
class Classifies(Protocol):
    """Names one of the labels that it was made for."""

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """The predicted label of each row, by what the row's prompt says; "" where it finds no single one the likeliest."""
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
class Merges(Protocol):
    """A model with an adapter that can be compared with what the two become as one."""

    def merge_differences(
        self,
        prompts: Sequence[Sequence[Turn]],
        answers: Sequence[str],
        *,
        merge_in: Literal["float32", "own"],
        tools: Tools = (),
    ) -> list[MergeDifference]:
        """The adapter is added to the weights, the model written, read again, and asked about each prompt's answer.

        Args:
            prompts: the conversations.
            answers: the assistant's next turn in each.
            merge_in: the dtype of the sum: float32, as exported models are made, or that of the weights as they are asked.
            tools: as for `Scores`.

        Raises:
            UsageError: the adapter cannot be merged.
        """
        ...


@runtime_checkable
class KeepsAnswers(Protocol):
    """A model whose answers are dear, since each is waited for and paid: it notes them as they come."""

    def keep_answers(self, file: Path) -> None:
        """Note what is answered from now on in `file`; requests whose answers stand there already are not sent.

        Every piece of a task has a file of its own, which is gone when the piece is kept: a process that goes on after a
        kill finds there what the piece was answered so far.
        """
        ...


@runtime_checkable
class SeesImages(Protocol):
    """A model that is shown the images of its prompts."""

    def images_from(self, folder: Path) -> None:
        """Look for images there: a run keeps each under its `seatrial.rows.Image.file_name`."""
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """Counts tokens as the model on trial does."""

    def count_tokens(self, conversations: Sequence[Sequence[Turn]], tools: Tools = ()) -> list[int]:
        """The length in tokens of each conversation and its tools, rendered with the model's chat template.

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


@runtime_checkable
class ChecksRows(Protocol):
    """Tells beforehand what a model cannot read of rows as it is meant: a tokenizer with a chat template, or a model.

    A probe tells so of rows that it cannot ask, a scorer of rows that it cannot judge, whatever is answered.
    """

    def problems(self, rows: Iterable[Row]) -> Iterable[tuple[str, str]]:
        """The id of a row and the reason, a clause, for each problem: the template refuses its turns, leaves out words of them,
        or writes nothing of its tool calls, tools or reasoning; its prompt is beyond the context.

        What holds only where a row is trained on is told of rows whose `split` is train or validation.
        """
        ...


PROTOCOLS: Mapping[Capability, type] = {
    "scores": Scores,
    "generates": Generates,
    "completes": Completes,
    "samples": Samples,
    "classifies": Classifies,
    "times": Times,
    "images": SeesImages,
    "merges": Merges,
}
"""Capability → the protocol that a model with it follows (`trains` is a loader's, not an open model's)."""
