"""Plain texts as token ids, cut as lm-eval's `hf` backend cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seatrial.errors import StageError

__all__ = ["PlainText"]

Ids = tuple[int, ...]


class PlainText:
    """Texts of no conversation: what the tokenizer adds to a text by itself (<s>) is added, a chat template's words are not."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        first = tokenizer.bos_token_id
        self._first: int | None = tokenizer.eos_token_id if first is None else first
        """What stands before a text that nothing else stands before."""
        self._written = "" if self._first is None else tokenizer.decode([self._first])

    def ids(self, text: str) -> Ids:
        """A text's tokens; what it begins with already is not added again."""
        adds = not (self._written and text.startswith(self._written))
        return tuple(self._tokenizer(text, **({} if adds else {"add_special_tokens": False}))["input_ids"])

    def behind(self, text: str, options: Sequence[str]) -> dict[Ids, dict[int, Ids]]:
        """What is fed before the options → the tokens of each option that is scored behind that, by the option's place.

        White space at the text's end goes to the option: ` A` is one token, and `: ` and `A` are none that training knows.
        """
        found: dict[Ids, dict[int, Ids]] = {}
        if not text:
            for place, option in enumerate(options):
                head, rest = self._alone(option)
                found.setdefault(head, {})[place] = rest
            return found
        bare = text.rstrip()
        head = self.ids(bare)
        return {head: {place: self.ids(text + option)[len(head) :] for place, option in enumerate(options)}}

    def _alone(self, option: str) -> tuple[Ids, Ids]:
        ids = tuple(self._tokenizer(option, add_special_tokens=False)["input_ids"])
        return (ids[:1], ids[1:]) if ids[:1] == self._prefix() else (self._prefix(), ids)

    def windows(self, text: str, context: int) -> list[tuple[Ids, Ids]]:
        """A long text in stretches of the context: what is fed before, and what is scored. Each token is scored once, the first
        stretch behind what opens texts, and each further one behind as much as fits.
        """
        ids = self.ids(text)
        found = [(self._prefix(), ids[:context])] if ids else []
        for start in range(context, len(ids), context):
            end = min(start + context, len(ids))
            found.append((ids[end - context - 1 : start], ids[start:end]))
        return found

    def _prefix(self) -> Ids:
        if self._first is None:
            raise StageError("the tokenizer has neither a token that opens texts nor one that ends them")
        return (self._first,)
