"""Exact match and token F1, as SQuAD's evaluation defines them, and through `evaluate`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.accuracy.metrics import ExactMatch, TokenF1


@pytest.mark.parametrize(
    ("said", "expected", "exact", "overlap"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1.0, 1.0),
        ("in the Eiffel Tower", "Eiffel Tower", 0.0, 2 * 2 / (3 + 2)),
        ("a a b", "a a a b", 1.0, 1.0),  # "a" is an article: only "b" is left of both
        ("b b c", "b c c", 0.0, 2 * 2 / (3 + 3)),
        ("", "", 1.0, 1.0),
        ("", "word", 0.0, 0.0),
        ("「東京」", "東京", 1.0, 1.0),
        ("42", "43", 0.0, 0.0),
    ],
)
def test_values_worked_out_by_hand(said, expected, exact, overlap):
    assert ExactMatch.item(said, expected) == exact
    assert TokenF1.item(said, expected) == pytest.approx(overlap)


def test_they_are_evaluate_metrics_whose_value_is_the_mean():
    said, expected = ["yes", "no", "in Paris"], ["Yes.", "yes", "Paris"]
    assert ExactMatch().compute(predictions=said, references=expected) == {"exact_match": pytest.approx(1 / 3)}
    mean = (1 + 0 + 2 / 3) / 3
    assert TokenF1().compute(predictions=said, references=expected)["token_f1"] == pytest.approx(mean)


@given(st.text(), st.text())
def test_f1_is_symmetric_bounded_and_one_for_exact_matches(said, expected):
    value = TokenF1.item(said, expected)
    assert 0.0 <= value <= 1.0
    assert value == TokenF1.item(expected, said)
    assert TokenF1.item(said, said) == 1.0
    if ExactMatch.item(said, expected):
        assert value == 1.0
