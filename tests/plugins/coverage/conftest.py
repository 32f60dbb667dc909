"""Rows to count, and an encoder whose vectors can be read off the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from seatrial import Row, Turn
from seatrial.rows import Label
from seatrial.rows.table import RowList
from seatrial_plugins.coverage import build_coverage

SUBJECTS = ("card", "atm", "loan", "rent", "visa", "fee", "pin", "app")


class SubjectEncoder:
    """A direction for each subject that a text names, and a little for its length; a text that names none is nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        vectors = np.zeros((len(texts), len(SUBJECTS) + 1), dtype=np.float32)
        for place, text in enumerate(texts):
            for subject in set(text.split()) & set(SUBJECTS):
                vectors[place, SUBJECTS.index(subject)] = 1
            if vectors[place].any():
                vectors[place, -1] = len(text) / 1_000
                vectors[place] /= np.linalg.norm(vectors[place])
        return vectors


class WordTokens:
    """A token for each word; refuses a conversation that says `boom`."""

    def count_tokens(self, conversations: Sequence[Sequence[Turn]], tools: object = ()) -> list[int]:
        if any("boom" in turn.content for turns in conversations for turn in turns):
            raise ValueError("no template for that")
        return [sum(len(turn.content.split()) for turn in turns) for turns in conversations]


@pytest.fixture(scope="session")
def say() -> Callable[..., Row]:
    def make(name: str, text: str, label: str | None = None, **given: str) -> Row:
        turns = (Turn("user", text), Turn("assistant", label or "ok"))
        return Row(name, turns, "text-label", "s", "f.csv", 1, None if label is None else Label(label), **given)

    return make


@pytest.fixture(scope="session")
def rows_about(say):
    """`rows_about("card", 30, "train", label=…)`: so many different rows about a subject."""

    def make(subject: str, count: int, split: str, *, label: str | None = "same", **given: str) -> list[Row]:
        return [
            say(f"{split}-{subject}-{at}", f"question {at} about my {subject}", label, split=split, **given)
            for at in range(count)
        ]

    return make


@pytest.fixture
def cover():
    """Runs the filter over lists of rows: measures, what is missing, facts, and the findings as a list."""

    def run(train, held_out, *, encoder=None, tokenizer=None, dimensions=("label",), neighbours=False, **options):
        built = build_coverage(
            dimensions=list(dimensions), neighbours=neighbours, encoder=encoder, tokenizer=tokenizer, **options
        )
        comparison = built.compare(RowList(train), RowList(held_out))
        return comparison.measures, comparison.missing, comparison.facts, list(comparison.findings)

    return run


@pytest.fixture
def encoder() -> SubjectEncoder:
    return SubjectEncoder()


@pytest.fixture
def tokenizer() -> WordTokens:
    return WordTokens()
