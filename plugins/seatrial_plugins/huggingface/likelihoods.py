"""Likelihoods: how likely a model finds given answers to given prompts, many at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import torch

from seatrial.model import Continuation
from seatrial.rows import Image
from seatrial_plugins.huggingface.batches import batches_by_length, in_halves
from seatrial_plugins.huggingface.exactness import head_is_plain, keeping_is_exact
from seatrial_plugins.huggingface.image_input import ImageInput
from seatrial_plugins.huggingface.kept_keys import KeptKeys, keep
from seatrial_plugins.huggingface.packing import Packed, hidden_states, pack, run_packed
from seatrial_plugins.huggingface.prefix_groups import PrefixGroup, grouped
from seatrial_plugins.huggingface.question import Found, Question, continuation
from seatrial_plugins.huggingface.token_tree import common_prefix

__all__ = ["Likelihoods"]

_LOGITS = 1 << 28
"""At most so many logits of one forward pass are held at once (0.5 GiB in bfloat16)."""

_SCORES = 1 << 26
"""At most so many attention scores per head of one forward pass: a mask of so many bytes."""

_REPEATED = 16
"""Kept keys stand before each row once more, in each layer: so many times the tokens of a batch, at most."""

_FLOAT32_LOGITS = {"cuda": 1 << 27}
"""So many logits at a time are normalised in float32: 512 MiB on a GPU, 64 MiB elsewhere."""


class Likelihoods:
    """Scores questions on one network, in packed batches where its attention allows it."""

    def __init__(
        self, network: Any, *, batch_tokens: int, packs: bool, keeps: bool = True, images: ImageInput | None = None
    ) -> None:
        """`keeps` allows that keys of a shared beginning are kept for other batches."""
        self._network = network
        self._images = images
        self._batch_tokens = batch_tokens
        self._packs = packs
        self._may_keep = keeps

    def of(self, questions: Sequence[Question], *, greedy: bool = False) -> list[list[Continuation]]:
        """Each question's options, in order; NaN where the network's log-likelihood of one is not finite.

        With `greedy`, whether each token is the likeliest is looked at, too.
        """
        score = self._packed if self._packs else self._padded
        with torch.inference_mode():
            results = score(questions, greedy)
        return [results[index] for index in range(len(questions))]

    # ---- packed ---------------------------------------------------------------------------------------------------

    def _packed(self, questions: Sequence[Question], greedy: bool) -> dict[int, list[Continuation]]:
        results: dict[int, list[Continuation]] = {}
        sequences = [question.tree.tokens for question in questions]
        most = [question.before() for question in questions]
        groups = grouped(sequences, most, batch_tokens=self._batch_tokens)
        if groups.inner and not self._keeps:  # batches compute what they share themselves, however many there are
            groups = grouped(sequences, most, batch_tokens=sys.maxsize)
        todo = [(groups, KeptKeys())]
        while todo:
            group, kept = todo.pop()
            if group.length > len(kept):
                kept = keep(self._network, sequences[group.one()][len(kept) : group.length], kept)
            for batch in self._batches(group, questions):
                in_halves(batch, partial(self._score, questions, kept, greedy, results))
            todo += [(inner, kept) for inner in group.inner]
        return results

    def _batches(self, group: PrefixGroup, questions: Sequence[Question]) -> Iterator[list[int]]:
        """Of similar length, within what may be held at once."""
        held = 1 if self._plain_head else self._vocabulary
        for members, shares in ((group.apart, False), *((some, True) for some in group.together)):
            own = [len(questions[index].tree) - group.length for index in members]
            most = max((questions[index].scored() for index in members), default=1)
            shared = _shared([questions[index] for index in members]) - group.length if shares else 0

            def fits(rows: int, tokens: int, longest: int, most: int = most, shared: int = shared) -> bool:
                whole, longest = group.length + longest, longest - shared
                return (
                    tokens - shared * (rows - 1) <= self._batch_tokens
                    and rows * whole <= _REPEATED * self._batch_tokens
                    and rows * longest * whole <= _SCORES
                    and rows * most * held <= _LOGITS
                )

            yield from ([members[at] for at in batch] for batch in batches_by_length(own, fits))

    def _score(
        self,
        questions: Sequence[Question],
        kept: KeptKeys,
        greedy: bool,
        results: dict[int, list[Continuation]],
        batch: Sequence[int],
    ) -> None:
        chosen = [questions[index] for index in batch]
        packed = pack([question.tree for question in chosen], kept=len(kept))
        places: dict[int, int] = {}
        wanted = [
            (places.setdefault(place, len(places)), token)
            for row, question in enumerate(chosen)
            for place, token in ((packed.place(row, node), token) for node, token in question.targets())
        ]
        found = iter(self._found(packed.to(self._device), list(places), wanted, greedy, kept))
        for index, question in zip(batch, chosen, strict=True):
            results[index] = question.continuations(found)

    def _found(
        self, packed: Packed, places: list[int], wanted: Sequence[tuple[int, int]], greedy: bool, kept: KeptKeys
    ) -> list[Found]:
        """What is found of each (index into `places`, token)."""
        at = torch.tensor(places, device=self._device)
        behind = kept.begin() if len(kept) else None
        if self._plain_head:
            head = self._network.get_output_embeddings()
            return _found(hidden_states(self._network, packed, at, behind), head, wanted, greedy)
        return _found(run_packed(self._network, packed, at, behind), _as_they_are, wanted, greedy)

    @cached_property
    def _keeps(self) -> bool:
        return self._may_keep and keeping_is_exact(self._network, self._vocabulary, self._device)

    @cached_property
    def _plain_head(self) -> bool:
        return head_is_plain(self._network, self._device)

    # ---- padded ---------------------------------------------------------------------------------------------------

    def _padded(self, questions: Sequence[Question], greedy: bool) -> dict[int, list[Continuation]]:
        """One padded row an option: for architectures that cannot be packed."""
        flat = [
            (index, option, ids[:-1], ids, start)
            for index, question in enumerate(questions)
            for option, (ids, start) in enumerate(zip(question.sequences(), question.starts, strict=True))
        ]
        results = {index: [Continuation(0.0, 1)] * len(question.rests) for index, question in enumerate(questions)}

        def fits(rows: int, _tokens: int, longest: int) -> bool:
            return rows * longest <= self._batch_tokens and rows * longest * self._vocabulary <= _LOGITS

        for batch in batches_by_length([len(fed) for _, _, fed, _, _ in flat], fits):
            chosen = [flat[index] for index in batch]
            width = len(chosen[0][2])
            # Padding repeats the row's own last token: what is not finite there is not finite in its row, and in no other.
            last = [fed[-1:] if self._images is None else [self._images.padding] for _, _, fed, _, _ in chosen]
            ids = torch.tensor(
                [[*fed, *pad * (width - len(fed))] for (_, _, fed, _, _), pad in zip(chosen, last, strict=True)]
            )
            mask = torch.tensor([[1] * len(fed) + [0] * (width - len(fed)) for _, _, fed, _, _ in chosen])
            output = self._network(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                use_cache=False,
                **self._seen(ids, [questions[index].images for index, *_ in chosen]),
            )
            for row, (index, option, _, whole, start) in enumerate(chosen):
                predicted = output.logits[row, start - 1 : len(whole) - 1]
                results[index][option] = continuation(
                    _found(predicted, _as_they_are, list(enumerate(whole[start:])), greedy)
                )
        return results

    def _seen(self, ids: torch.Tensor, rows: Sequence[Sequence[Image]]) -> Mapping[str, torch.Tensor]:
        """What the network is given of the rows' pictures."""
        return {} if self._images is None else self._images.inputs(ids, rows, self._network)

    @property
    def _device(self) -> torch.device:
        return next(self._network.parameters()).device

    @property
    def _vocabulary(self) -> int:
        return int(self._network.config.get_text_config().vocab_size)


def _found(
    states: torch.Tensor, head: Callable[[torch.Tensor], torch.Tensor], wanted: Sequence[tuple[int, int]], greedy: bool
) -> list[Found]:
    """The log probability of each (row of `states`, token), normalised in float32, a stretch of rows at a time; and whether the
    token is the likeliest, where that is asked.

    What is near each other is subtracted in float32 and the rest added in float64: log_softmax's own rounding, 5e-7, is alike for
    tokens of alike logits, and adds up to 4e-5 over a text of 2,000.
    """
    vocabulary = head(states[:1]).shape[-1]
    step = max(1, _FLOAT32_LOGITS.get(states.device.type, 1 << 24) // vocabulary)
    rows, tokens = torch.tensor(list(wanted)).unbind(1)
    order = rows.argsort()
    starts = torch.arange(0, len(states) + step, step)
    ends = torch.searchsorted(rows[order], starts).tolist()
    below = torch.empty(len(rows), device=states.device)
    mass = torch.empty(len(rows), device=states.device)
    top = torch.zeros(len(rows), dtype=torch.bool, device=states.device)
    for start, first, last in zip(starts.tolist(), ends, ends[1:], strict=False):
        inside = order[first:last].to(states.device)
        logits = head(states[start : start + step]).float()
        row = rows[order[first:last]].to(states.device) - start
        token = tokens[order[first:last]].to(states.device)
        if greedy:
            top[inside] = logits.argmax(-1)[row] == token
        logits -= logits.amax(-1, keepdim=True)
        below[inside] = logits[row, token]
        mass[inside] = logits.exp_().sum(-1)[row]
    found = below.cpu().double() - mass.cpu().double().log()
    return list(zip(found.tolist(), top.tolist() if greedy else [None] * len(rows), strict=True))


def _shared(questions: Sequence[Question]) -> int:
    return common_prefix([question.tree.tokens for question in questions])


def _as_they_are(logits: torch.Tensor) -> torch.Tensor:
    return logits
