"""Control tokens: strings that a tokenizer reads as one token each, such as the end of a turn, and texts that only hold them.

Who writes `<|im_end|>` into a message, or answers a question about it, ends no turn with it. So control tokens that a
text holds are marked before a template sees it; what is marked is then cut into tokens as any other text, by a second
tokenizer in which the control tokens have other names and the same numbers. Texts without any, which are nearly all, never
come near it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from seatrial.errors import StageError

__all__ = ["NOTATION", "ControlTokens", "control_tokens_of"]

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Noncharacters of Unicode, which texts don't hold; where one does, they are marked like a token."""


NOTATION = json.dumps(_OPEN).strip('"')
"""What of a mark is left where a template writes JSON in ASCII: it cannot be taken back."""


class ControlTokens:
    """The control tokens of one tokenizer.

    Args:
        tokenizer: transformers', a fast one.
        tokens: the strings.
    """

    def __init__(self, tokenizer: Any, tokens: Collection[str]) -> None:
        self._tokenizer = tokenizer
        self._strings = (_OPEN, _CLOSE, *sorted(token for token in tokens if token.strip()))
        self._marks = {text: f"{_OPEN}{index}{_CLOSE}" for index, text in enumerate(self._strings)}
        longest_first = sorted(map(re.escape, self._strings), key=len, reverse=True)
        self._held = re.compile("|".join(longest_first))
        self._either = re.compile("|".join((f"{_OPEN}[0-9]+{_CLOSE}", *longest_first)))

    def held(self, text: str) -> list[str]:
        """The control tokens that a text holds, each once."""
        return [token for token in dict.fromkeys(self._held.findall(text)) if token not in {_OPEN, _CLOSE}]

    def mark(self, value: Any) -> Any:
        """A text with its control tokens marked; of lists and mappings, every text in them."""
        if isinstance(value, str):
            return self._held.sub(self._marked, value) if self._held.search(value) else value
        if isinstance(value, Mapping):
            return {self.mark(key): self.mark(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mark(item) for item in value]
        return value

    def _marked(self, found: re.Match[str]) -> str:
        return self._marks[found[0]]

    @staticmethod
    def are_marked(text: str) -> bool:
        """Whether a rendered text holds marks."""
        return _OPEN in text

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]], str]:
        """The token ids of a rendered text in which there are marks, where each token stands, and in which text.

        Raises:
            StageError: the tokenizer cannot be made to read a control token as text.
        """
        written = self.swapped(text)
        encoding = self._twin.encode(written, add_special_tokens=False)
        return encoding.ids, encoding.offsets, written

    def swapped(self, text: str) -> str:
        """Marks as the strings that they stand for, and the other control tokens as marks."""
        return self._either.sub(self._swap, text)

    def _swap(self, found: re.Match[str]) -> str:
        text = found[0]
        return self._strings[int(text[1:-1])] if len(text) > 1 and text[0] == _OPEN else self._marks[text]

    @cached_property
    def _twin(self) -> Any:
        """The tokenizer with marks in place of its control tokens, which are ordinary text to it."""
        from tokenizers import Tokenizer

        known = json.loads(self._tokenizer.backend_tokenizer.to_str())
        known["truncation"] = known["padding"] = None
        for token in known["added_tokens"]:
            token["content"] = self._marks.get(token["content"], token["content"])
        model = known["model"]
        if isinstance(model.get("vocab"), dict):
            model["vocab"] = {self._marks.get(piece, piece): number for piece, number in model["vocab"].items()}
        else:
            model["vocab"] = [[self._marks.get(piece, piece), score] for piece, score in model.get("vocab") or ()]
        if model.get("unk_token"):
            model["unk_token"] = self._marks.get(model["unk_token"], model["unk_token"])
        try:
            twin = Tokenizer.from_str(json.dumps(known))
        except Exception as error:  # tokenizers has no error of its own
            raise self._unable("any") from error
        for token in self._strings[2:]:
            number = self._tokenizer.convert_tokens_to_ids(token)
            if twin.encode(self._marks[token], add_special_tokens=False).ids != [number]:
                raise self._unable(token)
        return twin

    @staticmethod
    def _unable(token: str) -> StageError:
        return StageError(
            f"this tokenizer reads control tokens in a way that cannot be switched off for {token}; take them out of the row"
        )


def control_tokens_of(tokenizer: Any, structure: Sequence[str]) -> frozenset[str]:
    """The tokens that steer a model: those that the tokenizer calls special, and those that a template's own texts hold.

    Tokens that are added and not special, such as `<think>`, are words of the assistant.
    """
    added = tokenizer.added_tokens_decoder.values()
    special = {str(token) for token in added if token.special} | set(tokenizer.all_special_tokens)
    return frozenset(special | {str(token) for token in added if any(str(token) in text for text in structure)})
