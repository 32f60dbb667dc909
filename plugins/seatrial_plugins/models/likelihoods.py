"""Likelihoods: how likely a model finds given answers to given prompts, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from seatrial.errors import StageError
from seatrial.model import Continuation
from seatrial_plugins.models.batches import batches_by_length
from seatrial_plugins.models.compiling import compiling, eagerly
from seatrial_plugins.models.packing import Packed, head_is_plain, hidden_states, pack, run_packed
from seatrial_plugins.models.token_tree import TokenTree, common_prefix

__all__ = ["Likelihoods", "Question"]

_LOGITS = 1 << 28
"""At most so many logits of one forward pass are held at once (0.5 GiB in bfloat16)."""

_SCORES = 1 << 26
"""At most so many attention scores per head of one forward pass: a mask of so many bytes."""

_FLOAT32_LOGITS = {"cuda": 1 << 27}
"""So many logits at a time are normalised in float32: 512 MiB on a GPU, 64 MiB elsewhere."""


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and its options, as tokens."""

    tree: TokenTree
    """What is fed: every option's sequence without its last token, which predicts nothing."""
    paths: list[list[int]]
    """For each option, the node of each of its fed tokens."""
    sequences: list[list[int]]
    starts: list[int]
    """For each option, its first scored token."""

    @classmethod
    def of(cls, prompt: Sequence[int], sequences: list[list[int]], *, context: int) -> Question:
        """A continuation's tokens are those from where the whole conversation differs from the prompt on.

        Raises:
            StageError: it is longer than the context, or there is nothing to condition on.
        """
        starts = [common_prefix([prompt, ids]) for ids in sequences]
        longest = max(len(ids) for ids in sequences)
        if longest > context:
            raise StageError(
                f"a prompt and its answer have {longest} tokens, the model's context {context}; drop such rows with the "
                "filter `length`"
            )
        if min(starts) == 0:
            raise StageError(
                "the prompt has no token that an answer could be conditioned on; give it text or a chat template"
            )
        tree, paths = TokenTree.of([ids[:-1] for ids in sequences])
        return cls(tree, paths, sequences, starts)

    def scored(self) -> int:
        """How many nodes have to predict something, at most."""
        return sum(len(ids) - start for ids, start in zip(self.sequences, self.starts, strict=True))

    def targets(self) -> Iterator[tuple[int, int]]:
        """Option by option: the node that predicts a scored token, and the token."""
        for path, ids, start in zip(self.paths, self.sequences, self.starts, strict=True):
            for at in range(start, len(ids)):
                yield path[at - 1], ids[at]

    def continuations(self, logprobs: Iterator[float]) -> list[Continuation]:
        """Each option's continuation, from the log probabilities of `targets`, in that order."""
        counts = [len(ids) - start for ids, start in zip(self.sequences, self.starts, strict=True)]
        return [_continuation([next(logprobs) for _ in range(count)]) for count in counts]


class Likelihoods:
    """Scores questions on one network, in packed batches where its attention allows it."""

    def __init__(self, network: Any, *, batch_tokens: int, packs: bool) -> None:
        self._network = network
        self._batch_tokens = batch_tokens
        self._packs = packs

    def of(self, questions: Sequence[Question]) -> list[list[Continuation]]:
        """Each question's options, in order."""
        score = self._packed if self._packs else self._padded
        with torch.inference_mode(), compiling():
            results = score(questions)
        return [results[index] for index in range(len(questions))]

    # ---- packed ---------------------------------------------------------------------------------------------------

    def _packed(self, questions: Sequence[Question]) -> dict[int, list[Continuation]]:
        held = 1 if self._plain_head else self._vocabulary
        most = max((question.scored() for question in questions), default=1)

        def fits(rows: int, tokens: int, longest: int) -> bool:
            return (
                tokens <= self._batch_tokens and rows * longest * longest <= _SCORES and rows * most * held <= _LOGITS
            )

        results = {}
        for batch in batches_by_length([len(question.tree) for question in questions], fits):
            chosen = [questions[index] for index in batch]
            packed = pack([question.tree for question in chosen])
            places: dict[int, int] = {}
            wanted = [
                (places.setdefault(place, len(places)), token)
                for row, question in enumerate(chosen)
                for place, token in ((packed.place(row, node), token) for node, token in question.targets())
            ]
            logprobs = iter(self._logprobs(packed.to(self._device), list(places), wanted))
            for index, question in zip(batch, chosen, strict=True):
                results[index] = question.continuations(logprobs)
        return results

    def _logprobs(self, packed: Packed, places: list[int], wanted: Sequence[tuple[int, int]]) -> list[float]:
        """The log probability of each (index into `places`, token)."""
        at = torch.tensor(places, device=self._device)
        if self._plain_head:
            return _logprobs(hidden_states(self._network, packed, at), self._network.get_output_embeddings(), wanted)
        return _logprobs(run_packed(self._network, packed, at), _as_they_are, wanted)

    @cached_property
    def _plain_head(self) -> bool:
        return head_is_plain(self._network, self._device)

    # ---- padded ---------------------------------------------------------------------------------------------------

    def _padded(self, questions: Sequence[Question]) -> dict[int, list[Continuation]]:
        """One padded row an option: for architectures that cannot be packed."""
        flat = [
            (index, option, ids[:-1], ids, start)
            for index, question in enumerate(questions)
            for option, (ids, start) in enumerate(zip(question.sequences, question.starts, strict=True))
        ]
        results = {index: [Continuation(0.0, 1)] * len(question.sequences) for index, question in enumerate(questions)}

        def fits(rows: int, _tokens: int, longest: int) -> bool:
            return rows * longest <= self._batch_tokens and rows * longest * self._vocabulary <= _LOGITS

        for batch in batches_by_length([len(fed) for _, _, fed, _, _ in flat], fits):
            chosen = [flat[index] for index in batch]
            width = len(chosen[0][2])
            ids = torch.zeros(len(chosen), width, dtype=torch.long)
            mask = torch.zeros(len(chosen), width, dtype=torch.long)
            for row, (_, _, fed, _, _) in enumerate(chosen):
                ids[row, : len(fed)] = torch.tensor(fed)
                mask[row, : len(fed)] = 1
            with eagerly():
                output = self._network(
                    input_ids=ids.to(self._device), attention_mask=mask.to(self._device), use_cache=False
                )
            for row, (index, option, _, whole, start) in enumerate(chosen):
                predicted = output.logits[row, start - 1 : len(whole) - 1]
                results[index][option] = _continuation(
                    _logprobs(predicted, _as_they_are, list(enumerate(whole[start:])))
                )
        return results

    @property
    def _device(self) -> torch.device:
        return next(self._network.parameters()).device

    @property
    def _vocabulary(self) -> int:
        return int(self._network.config.get_text_config().vocab_size)


def _logprobs(
    states: torch.Tensor, head: Callable[[torch.Tensor], torch.Tensor], wanted: Sequence[tuple[int, int]]
) -> list[float]:
    """The log probability of each (row of `states`, token), normalised in float32, a stretch of rows at a time."""
    vocabulary = head(states[:1]).shape[-1]
    step = max(1, _FLOAT32_LOGITS.get(states.device.type, 1 << 24) // vocabulary)
    rows, tokens = torch.tensor(list(wanted)).unbind(1)
    order = rows.argsort()
    starts = torch.arange(0, len(states) + step, step)
    ends = torch.searchsorted(rows[order], starts).tolist()
    found = torch.empty(len(rows), device=states.device)
    for start, first, last in zip(starts.tolist(), ends, ends[1:], strict=False):
        inside = order[first:last].to(states.device)
        logits = head(states[start : start + step]).float()
        row = rows[order[first:last]].to(states.device) - start
        found[inside] = logits[row, tokens[order[first:last]].to(states.device)] - logits.logsumexp(-1)[row]
    return [float(value) for value in found.tolist()]


def _as_they_are(logits: torch.Tensor) -> torch.Tensor:
    return logits


def _continuation(logprobs: Sequence[float]) -> Continuation:
    return Continuation(float(sum(logprobs)), len(logprobs))
