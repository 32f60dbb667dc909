"""Likelihoods: how likely a model finds given answers to given prompts, many at a time."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch

from seatrial.errors import StageError
from seatrial.model import Continuation
from seatrial.rows import Image
from seatrial_plugins.huggingface.batches import batches_by_length
from seatrial_plugins.huggingface.exactness import head_is_plain, keeping_is_exact
from seatrial_plugins.huggingface.image_input import ImageInput
from seatrial_plugins.huggingface.kept_keys import KeptKeys, keep
from seatrial_plugins.huggingface.packing import Packed, hidden_states, pack, run_packed
from seatrial_plugins.huggingface.prefix_groups import PrefixGroup, grouped
from seatrial_plugins.huggingface.token_tree import TokenTree, common_prefix

__all__ = ["Likelihoods", "Question"]

_LOGITS = 1 << 28
"""At most so many logits of one forward pass are held at once (0.5 GiB in bfloat16)."""

_SCORES = 1 << 26
"""At most so many attention scores per head of one forward pass: a mask of so many bytes."""

_REPEATED = 16
"""Kept keys stand before each row once more, in each layer: so many times the tokens of a batch, at most."""

_KEPT = 16
"""So many sets of options are remembered: a task needs one, and a row's own long answers are met once."""

_FLOAT32_LOGITS = {"cuda": 1 << 27}
"""So many logits at a time are normalised in float32: 512 MiB on a GPU, 64 MiB elsewhere."""


_Found = tuple[float, bool | None]
"""A token's log probability, and whether it is the likeliest; None where that was not looked at."""


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and its options, as tokens: each option is the head and one of the rests."""

    head: tuple[int, ...]
    rests: tuple[tuple[int, ...], ...]
    starts: tuple[int, ...]
    """For each option, its first scored token."""
    tree: TokenTree
    """What is fed: every option without its last token, which predicts nothing."""
    paths: tuple[tuple[int, ...], ...]
    """For each option, the node of each fed token of its rest, counted from the end of the head."""
    images: tuple[Image, ...] = ()
    """The pictures that the head shows."""

    @classmethod
    def of(
        cls,
        prompt: Sequence[int],
        head: tuple[int, ...],
        rests: tuple[tuple[int, ...], ...],
        *,
        context: int,
        images: tuple[Image, ...] = (),
    ) -> Question:
        """A continuation's tokens are those from where the whole conversation differs from the prompt on.

        Raises:
            StageError: it is longer than the context, there is nothing to condition on, or nothing to score.
        """
        longest = len(head) + max(map(len, rests))
        if longest > context:
            raise StageError(
                f"a prompt and its answer have {longest} tokens, the model's context {context}; drop such rows with the "
                "filter `length`"
            )
        shared = common_prefix([prompt, head])
        behind = _starts(tuple(prompt[shared:]), rests) if shared == len(head) else (0,) * len(rests)
        starts = tuple(shared + more for more in behind)
        if min(starts) == 0:
            raise StageError(
                "the prompt has no token that an answer could be conditioned on; give it text or a chat template"
            )
        if any(start == len(head) + len(rest) for start, rest in zip(starts, rests, strict=True)):
            raise StageError(
                "an answer adds no token to its prompt, so it has no likelihood; give it text, or a chat template that ends "
                "the assistant's turn"
            )
        tree, paths = _branches(rests)
        return cls(head, rests, starts, tree.behind(head), paths, images)

    @classmethod
    def behind(cls, head: tuple[int, ...], rests: tuple[tuple[int, ...], ...], *, context: int) -> Question:
        """One whose options are the rests, each scored from its first token on.

        Raises:
            StageError: it is longer than the context, there is nothing to condition on, or nothing to score.
        """
        longest = len(head) + max(map(len, rests))
        if longest > context + 1:  # the last token is predicted and not fed
            raise StageError(
                f"a text and what follows it have {longest} tokens, the model's context {context}; leave such items out"
            )
        if not head:
            raise StageError("there is no token that an answer could be conditioned on; give it text before")
        if not all(rests):
            raise StageError("an answer adds no token to the text before it, so it has no likelihood")
        tree, paths = _branches(rests)
        return cls(head, rests, (len(head),) * len(rests), tree.behind(head), paths)

    def scored(self) -> int:
        """How many nodes have to predict something, at most."""
        return sum(self._counts())

    def before(self) -> int:
        """How many tokens stand before all that predict something, and before all branches."""
        return min(*self.starts, len(self.head) + 1, self.tree.trunk) - 1

    def targets(self) -> Iterator[tuple[int, int]]:
        """Option by option: the node that predicts a scored token, and the token."""
        size = len(self.head)
        for rest, path, start in zip(self.rests, self.paths, self.starts, strict=True):
            for at in range(start - size, len(rest)):
                yield (
                    (size + path[at - 1] if at > 0 else size + at - 1),
                    (rest[at] if at >= 0 else self.head[size + at]),
                )

    def continuations(self, found: Iterator[_Found]) -> list[Continuation]:
        """Each option's continuation, from what was found of `targets`, in that order."""
        return [_continuation([next(found) for _ in range(count)]) for count in self._counts()]

    def sequences(self) -> list[list[int]]:
        """Each option's tokens."""
        return [[*self.head, *rest] for rest in self.rests]

    def _counts(self) -> list[int]:
        return [len(self.head) + len(rest) - start for rest, start in zip(self.rests, self.starts, strict=True)]


@lru_cache(maxsize=_KEPT)
def _branches(rests: tuple[tuple[int, ...], ...]) -> tuple[TokenTree, tuple[tuple[int, ...], ...]]:
    """The tree of the options' fed tokens; the questions of a task have the same options, so it is made once for all."""
    tree, paths = TokenTree.of([rest[:-1] for rest in rests])
    return tree, tuple(map(tuple, paths))


@lru_cache(maxsize=_KEPT)
def _starts(prompt: tuple[int, ...], rests: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    return tuple(common_prefix([prompt, rest]) for rest in rests)


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
        # Where no keys can be kept, a group is never too large for batches that compute what it shares themselves.
        batch_tokens = self._batch_tokens if self._keeps else sys.maxsize
        most = [question.before() for question in questions]
        todo = [(grouped(sequences, most, batch_tokens=batch_tokens), KeptKeys())]
        while todo:
            group, kept = todo.pop()
            if group.length > len(kept):
                kept = keep(self._network, sequences[group.one()][len(kept) : group.length], kept)
            for batch in self._batches(group, questions):
                self._score(batch, questions, kept, greedy, results)
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
        batch: Sequence[int],
        questions: Sequence[Question],
        kept: KeptKeys,
        greedy: bool,
        results: dict[int, list[Continuation]],
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
    ) -> list[_Found]:
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
                results[index][option] = _continuation(
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
) -> list[_Found]:
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


def _continuation(found: Sequence[_Found]) -> Continuation:
    total = float(sum(logprob for logprob, _ in found))
    tops = [top for _, top in found]
    greedy = None if None in tops else all(tops)
    return Continuation(total if math.isfinite(total) else math.nan, len(found), greedy)
