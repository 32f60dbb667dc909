"""Few-shot examples, drawn as lm-eval draws them: seeded once for a task, one draw a document, or the first ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from random import Random

from seatrial.errors import UsageError
from seatrial_plugins.lm_eval.documents import Document

__all__ = ["Sampler"]


class Sampler:
    """Draws examples for one document after the other; a document that is asked is no example of itself.

    Args:
        documents: to draw from.
        kind: `default` (by chance) or `first_n`.
        seed: of all draws together.

    Raises:
        UsageError: there is no such sampler.
    """

    def __init__(self, documents: Sequence[Document], kind: object, seed: int) -> None:
        if kind not in {"default", "first_n"}:
            raise UsageError(f"lm_eval: fewshot_config: sampler is {kind!r}; there are: default, first_n")
        self._documents = list(documents)
        self._random = Random(seed)  # lm-eval's own draws are repeated
        self._first = kind == "first_n"

    def draw(self, count: int, asked: Document | None) -> list[Document]:
        """So many examples.

        Args:
            count: how many.
            asked: the document that is asked, where it stands among the examples.

        Raises:
            UsageError: there are fewer.
        """
        if self._first:
            found = [one for one in self._documents if asked is None or one != asked][:count]
            if len(found) < count:
                raise UsageError(f"lm_eval: {count} examples are asked for, of {len(found)} that there are")
            return found
        if len(self._documents) < count + bool(asked):
            raise UsageError(f"lm_eval: {count} examples are asked for, of {len(self._documents)} that there are")
        if not asked:
            return self._random.sample(self._documents, count)
        drawn = [one for one in self._random.sample(self._documents, count + 1) if one != asked][:count]
        if len(drawn) < count:  # copies of the document were drawn, and left out
            others = [one for one in self._documents if one != asked]
            if len(others) < count:
                raise UsageError(f"lm_eval: {count} examples are asked for, of {len(others)} unlike the document asked")
            drawn = self._random.sample(others, count)
        return drawn

    def others(self, count: int, drawn: Sequence[Document], may: Callable[[Document], bool]) -> list[Document]:
        """So many more, the first that were not drawn and may be shown; lm-eval's further draws stay what they are.

        Raises:
            UsageError: there are fewer.
        """
        found = list(islice((one for one in self._documents if one not in drawn and may(one)), count))
        if len(found) < count:
            raise UsageError(
                f"lm_eval: {len(drawn)} examples are asked for, and {len(drawn) - count + len(found)} are unlike the document asked"
            )
        return found
