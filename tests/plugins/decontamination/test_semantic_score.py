"""Surroundings and margins by hand."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial_plugins.decontamination.semantic_score import margin, surroundings


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.9, 0.5, 0.7], 0.7),  # the best three
        ([0.9, 0.5], (0.9 + 0.5 + 0.6) / 3),  # one is missing
        ([], 0.6),
    ],
)
def test_surroundings_are_the_mean_of_the_best_three(values, expected):
    assert surroundings(np.array(values), 0.6) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, 1.0),
        (0.75, 0.5),  # half of the way from 0.5 to 1
        (0.5, 0.0),
        (0.25, -0.5),
    ],
)
def test_a_margin_is_a_share_of_the_way_to_identity(value, expected):
    assert margin(value, 0.4, 0.6) == pytest.approx(expected)


def test_between_near_copies_a_margin_is_not_stretched():
    assert margin(1.0, 0.99, 0.99) == pytest.approx(0.01 / 0.05)
