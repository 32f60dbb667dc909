"""A tokenizer from a tiktoken file, such as cl100k_base.tiktoken, which OLMo's decon counts in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.decontamination.codes import Codes

__all__ = ["TiktokenFile"]

_CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""How cl100k cuts text before it merges bytes; the file doesn't say it."""


class TiktokenFile:
    """Byte pairs by their ranks, cut as cl100k does (`Units`)."""

    name = "token"

    def __init__(self, file: str) -> None:
        try:
            import tiktoken
        except ImportError as error:
            raise UsageError(
                "leakage: `tiktoken` names a file, which needs the library: pip install tiktoken"
            ) from error
        path = Path(file).expanduser()
        if not path.is_file():
            raise SourceError(f"leakage: tiktoken file {file}: no such file")
        try:
            lines = (line.split() for line in path.read_bytes().splitlines() if line)
            ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
            self._encoding = tiktoken.Encoding(path.stem, pat_str=_CL100K, mergeable_ranks=ranks, special_tokens={})
        except Exception as error:
            raise SourceError(f"leakage: tiktoken file {file} can't be read: {error}") from error

    def learn(self, texts: Sequence[str]) -> Codes:
        """The same as `read`: a token's rank is its code."""
        return self.read(texts)

    def read(self, texts: Sequence[str]) -> Codes:
        """Ranks."""
        return Codes.of(self._encoding.encode_ordinary_batch(list(texts), num_threads=1))

    def in_words(self, codes: np.ndarray) -> np.ndarray:
        """1 each: the rule says how many tokens."""
        return np.ones(len(codes))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """From the tokens' bytes; a token that is a part of a character has the character's place."""
        place_of = [place for place, character in enumerate(text) for _ in character.encode("utf-8", "surrogatepass")]
        spans: list[tuple[int, int]] = []
        begin = 0
        for token in self._encoding.encode_ordinary(text):
            end = begin + len(self._encoding.decode_single_token_bytes(token))
            spans.append((place_of[begin], place_of[end - 1] + 1))
            begin = end
        return spans
