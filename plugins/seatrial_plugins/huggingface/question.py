"""Questions: a prompt and its options as tokens, which of them are fed and which are scored."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from seatrial.errors import StageError
from seatrial.model import Continuation
from seatrial.rows import Image
from seatrial_plugins.huggingface.token_tree import TokenTree, common_prefix

__all__ = ["Found", "Question", "continuation"]

_KEPT = 16
"""So many sets of options are remembered: a task needs one, and a row's own long answers are met once."""

Found = tuple[float, bool | None]
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

    def continuations(self, found: Iterator[Found]) -> list[Continuation]:
        """Each option's continuation, from what was found of `targets`, in that order."""
        return [continuation([next(found) for _ in range(count)]) for count in self._counts()]

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


def continuation(found: Sequence[Found]) -> Continuation:
    """The sum of what was found of an option's tokens; NaN where it is not finite."""
    total = float(sum(logprob for logprob, _ in found))
    tops = [top for _, top in found]
    greedy = None if None in tops else all(tops)
    return Continuation(total if math.isfinite(total) else math.nan, len(found), greedy)
