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
        same: whether two documents ask and answer the same, whatever else they hold.

    Raises:
        UsageError: there is no such sampler.
    """

    def __init__(
        self, documents: Sequence[Document], kind: object, seed: int, same: Callable[[Document, Document], bool]
    ) -> None:
        if kind not in {"default", "first_n"}:
            raise UsageError(f"lm_eval: fewshot_config: sampler is {kind!r}; there are: default, first_n")
        self._documents = list(documents)
        self._random = Random(seed)  # lm-eval's own draws are repeated
        self._aside = Random(f"{seed} aside")  # so that a document that is left out moves no other one's draw
        self._first = kind == "first_n"
        self._same = same

    def draw(self, count: int, asked: Document, *, among: bool) -> list[Document]:
        """So many examples.

        Args:
            count: how many.
            asked: the document that is asked.
            among: whether it is known to stand among the examples: lm-eval then draws one more, and leaves it out. Where it
                stands among them all the same, as in a train file that holds the test's rows, it is left out here as well.

        Raises:
            UsageError: there are fewer.
        """
        if self._first:
            drawn = list(islice((one for one in self._documents if not self._same(one, asked)), count))
            return drawn if len(drawn) == count else self._others(count, asked, self._aside)
        if len(self._documents) < count + among:
            raise UsageError(f"lm_eval: {count} examples are asked for, of {len(self._documents)} that there are")
        drawn = self._random.sample(self._documents, count + among)
        drawn = [one for one in drawn if not self._same(one, asked)][:count]
        return drawn if len(drawn) == count else self._others(count, asked, self._random if among else self._aside)

    def _others(self, count: int, asked: Document, by: Random) -> list[Document]:
        """Examples of those unlike the document, of which copies were drawn."""
        others = [one for one in self._documents if not self._same(one, asked)]
        if len(others) < count:
            raise UsageError(
                f"lm_eval: {count} examples are asked for, of {len(others)} that ask something else than the document asked"
            )
        return by.sample(others, count)
