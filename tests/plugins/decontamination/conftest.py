"""Rows from texts, a tokenizer whose tokens are words, and the filter as a suite would build it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from seatrial import Benchmark, Finding, Row, SplitFindings, Turn
from seatrial.model import WordVectors
from seatrial.rows.table import RowList
from seatrial_plugins.decontamination import leakage


class WordTokens:
    """A token for each stretch without white space."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def count_tokens(self, conversations: Sequence[Sequence[Turn]], tools: object = ()) -> list[int]:
        return [sum(len(turn.content.split()) for turn in turns) for turns in conversations]

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [[self._ids.setdefault(word, len(self._ids)) for word in text.split()] for text in texts]

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]


def as_rows(prefix: str, split: str, said: Sequence[Any]) -> list[Row]:
    """A text is asked and answered with `ok`; several are turns of user and assistant; a row is a row."""
    rows = []
    for index, what in enumerate(said):
        if isinstance(what, Row):
            rows.append(what)
            continue
        texts = (what, "ok") if isinstance(what, str) else what
        turns = tuple(Turn(("user", "assistant")[place % 2], text) for place, text in enumerate(texts))
        rows.append(Row(f"{prefix}{index}", turns, "chat", "s", "f", index, split=split))
    return rows


@pytest.fixture
def compare() -> Callable[..., SplitFindings]:
    """`compare(preset, train, held out, **options)`; `template` is 1.0, the paper's letter, unless said."""

    def comparing(
        preset: str,
        train: Sequence[Any],
        held_out: Sequence[Any],
        *,
        against: dict[str, Any] | None = None,
        **options: Any,
    ) -> SplitFindings:
        benchmarks = {
            name: Benchmark(name, tuple(as_rows(f"{name}/", "", said))) for name, said in (against or {}).items()
        }
        given = {"presets": [preset], "template": 1.0, "tokenizer": WordTokens(), "encoder": None} | options
        return leakage(against=benchmarks, **given).compare(
            RowList(as_rows("train", "train", train)), RowList(as_rows("test", "test", held_out))
        )

    return comparing


@pytest.fixture
def look(compare) -> Callable[..., list[Finding]]:
    """The findings of a comparison."""
    return lambda *arguments, **options: list(compare(*arguments, **options).findings)


@pytest.fixture
def hits(look) -> Callable[..., list[tuple[str, str, float]]]:
    """The same as (train row, held-out row, score)."""

    def hitting(*arguments: Any, **options: Any) -> list[tuple[str, str, float]]:
        return [(finding.row, finding.matched_row, finding.score) for finding in look(*arguments, **options)]

    return hitting


@pytest.fixture
def letters() -> Callable[[str], str]:
    """`abc` as the three words `a b c`."""
    return " ".join


WORD = re.compile(r"\w+|[^\w\s]")


class Synonyms:
    """An encoder by decree: a word's vector is its meaning's, a text's the sum of its words'."""

    MEANINGS = ({"card", "plastic"}, {"ordered", "requested"}, {"where", "place"}, {"the", "a", "at", "what", "that"})
    DIMENSIONS = 512

    def _vector(self, word: str) -> np.ndarray:
        meaning = next((min(words) for words in self.MEANINGS if word.lower() in words), word.lower())
        vector = np.zeros(self.DIMENSIONS, dtype=np.float32)
        vector[zlib.crc32(meaning.encode("utf-8", "replace")) % self.DIMENSIONS] = 1
        return vector

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        sums = [sum(map(self._vector, WORD.findall(text)), np.zeros(self.DIMENSIONS, np.float32)) for text in texts]
        return np.array([total / (np.linalg.norm(total) or 1) for total in sums]).reshape(-1, self.DIMENSIONS)

    def encode_words(self, texts: Sequence[str]) -> list[WordVectors]:
        found = []
        for text in texts:
            matches = list(WORD.finditer(text))
            vectors = [self._vector(match[0]) for match in matches]
            found.append(
                WordVectors(
                    tuple(match.span() for match in matches),
                    np.array(vectors, dtype=np.float32).reshape(-1, self.DIMENSIONS),
                )
            )
        return found


@pytest.fixture(scope="session")
def synonyms() -> Synonyms:
    """An encoder to which `card` and `plastic` are one."""
    return Synonyms()
