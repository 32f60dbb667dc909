"""SQuAD's exact match and F1, as its paper and its evaluation script define them."""

from __future__ import annotations

import re
import string

import pytest

from seatrial_plugins.accuracy.metrics import SquadExactMatch, SquadF1


def both(said: str, expected: str | list[str]) -> tuple[float, float]:
    exact = SquadExactMatch().compute(predictions=[said], references=[expected])["squad_exact_match"]
    return exact, SquadF1().compute(predictions=[said], references=[expected])["squad_f1"]


@pytest.mark.parametrize(
    ("said", "expected", "exact", "f1"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1.0, 1.0),
        ("in the Eiffel Tower", "Eiffel Tower", 0.0, 0.8),
        ("b b c", "b c c", 0.0, 2 * 2 / 6),
        ("5", "-5", 1.0, 1.0),  # as published
        ("...", "A", 0.0, 0.0),
        ("the", "A", 0.0, 0.0),
        ("an", "The.", 0.0, 0.0),
        ("", "the", 0.0, 0.0),
        ("A", "a", 1.0, 1.0),
        ("red ship", ["blue", "the red ship."], 1.0, 1.0),
    ],
)
def test_values_worked_out_by_hand(said, expected, exact, f1):
    assert both(said, expected) == (exact, pytest.approx(f1))


def test_both_agree_with_a_plain_reading_of_the_definition(pairs):
    exact, f1 = SquadExactMatch().judge(), SquadF1().judge()
    kept = 0
    for said, references in pairs:
        answer, readings = plain(said), [plain(one) for one in references]
        if not answer or not all(readings):
            continue
        kept += 1
        assert exact(said, references)["squad_exact_match"] == float(answer in readings)
        best = max(harmonic(answer, reading) for reading in readings)
        assert f1(said, references)["squad_f1"] == pytest.approx(best, abs=1e-6)
    assert kept > 1_000


def plain(text: str) -> list[str]:
    """Lower case, no punctuation, no articles, words."""
    bare = re.sub(f"[{re.escape(string.punctuation)}]", "", text.lower())
    return [word for word in bare.split() if word not in {"a", "an", "the"}]


def harmonic(said: list[str], expected: list[str]) -> float:
    """Precision and recall of a bag, by taking out one word at a time."""
    left, shared = list(expected), 0
    for word in said:
        if word in left:
            left.remove(word)
            shared += 1
    if shared == 0:
        return 0.0
    precision, recall = shared / len(said), shared / len(expected)
    return 2 * precision * recall / (precision + recall)
