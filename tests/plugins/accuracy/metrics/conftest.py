"""Pairs of an answer and a reference, as alike and as unlike as answers are."""

from __future__ import annotations

import random

import pytest

WORDS = (
    *[
        "the",
        "a",
        "an",
        "The",
        "A",
        "ship",
        "Ship",
        "ships",
        "red",
        "harbour",
        "sailed",
        "at",
        "dawn",
        "and",
        "was",
        "not",
        "seen",
        "again",
        "over",
        "42",
        "3.14",
        "-5",
        "2,000",
        "10%",
        "C#",
        "C++",
    ],
    *[
        "café",
        "naïve",
        "Zürich",
        "état",
        "don't",
        "well-known",
        "U.S.",
        "(perhaps)",
        '"quoted"',
        "end.",
        "Why?",
        "yes,",
        "no;",
        "e.g.",
        "co-op",
        "x=y",
        "&",
        "/",
        "*",
        "…",
    ],
)


def changed(words: list[str], chance: random.Random) -> list[str]:
    """The words with some left out, replaced, doubled or moved."""
    found = []
    for word in words:
        what = chance.random()
        if what < 0.15:
            continue
        found.append(chance.choice(WORDS) if what < 0.3 else word)
        if what > 0.95:
            found.append(word)
    if chance.random() < 0.2:
        chance.shuffle(found)
    return found


@pytest.fixture(scope="session")
def pairs() -> list[tuple[str, list[str]]]:
    """1,500 answers, each with one to three references; some equal, some empty."""
    chance = random.Random(11)
    found = []
    for _ in range(1_500):
        reference = chance.choices(WORDS, k=chance.randint(1, 40))
        references = [" ".join(changed(reference, chance)) or "ship" for _ in range(chance.randint(1, 3))]
        answer = chance.choice(references) if chance.random() < 0.1 else " ".join(changed(reference, chance))
        found.append((answer, references))
    return found
