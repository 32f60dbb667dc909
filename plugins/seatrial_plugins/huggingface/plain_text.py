"""Plain texts as token ids, cut as lm-eval's `hf` backend cuts them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        self._known: dict[str, Ids] = {}
        self._written = "" if self._first is None else tokenizer.decode([self._first])

    def ids(self, text: str) -> Ids:
        """A text's tokens; what it begins with already is not added again."""
        known = self._known.get(text)
        return self._cut([text])[0] if known is None else known

    def read(self, texts: Iterable[str]) -> None:
        """Cut many texts at once, on all processors, and remember them: a question is cut again with each of its options."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        for opened in (False, True):
            some = [text for text in new if self._opens(text) == opened]
            self._known |= zip(some, self._cut(some), strict=True)

    def _cut(self, texts: Sequence[str]) -> list[Ids]:
        if not texts:
            return []
        adds = {"add_special_tokens": False} if self._opens(texts[0]) else {}
        return [tuple(ids) for ids in self._tokenizer(list(texts), **adds)["input_ids"]]

    def _opens(self, text: str) -> bool:
        return bool(self._written) and text.startswith(self._written)

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

    def read_behind(self, texts: Sequence[str], options: Sequence[Sequence[str]]) -> None:
        """What `behind` cuts of each text with its options, at once."""
        pairs = [(text, answers) for text, answers in zip(texts, options, strict=True) if text]
        self.read(whole for text, answers in pairs for whole in (text.rstrip(), *(text + answer for answer in answers)))

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
