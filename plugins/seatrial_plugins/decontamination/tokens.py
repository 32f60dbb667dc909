"""Tokens: those of the model under test, or of another tokenizer that a file brings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seatrial.model import CountsTokens
from seatrial_plugins.decontamination.codes import Codes

__all__ = ["Tokens"]


class Tokens:
    """Plain texts' tokens, without special ones (`Units`)."""

    name = "token"

    def __init__(self, tokenizer: CountsTokens) -> None:
        self._tokenizer = tokenizer

    def learn(self, texts: Sequence[str]) -> Codes:
        """The same as `read`: a token's id is its code."""
        return self.read(texts)

    def read(self, texts: Sequence[str]) -> Codes:
        """Token ids."""
        return Codes.of(self._tokenizer.tokenize(texts))

    def in_words(self, codes: np.ndarray) -> np.ndarray:
        """1 each: the rule says how many tokens."""
        return np.ones(len(codes))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """As the tokenizer says."""
        return self._tokenizer.token_spans([text])[0]
