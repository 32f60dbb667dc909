"""decon's thresholds and weights, by hand."""

from __future__ import annotations

import pytest

from seatrial_plugins.decontamination.olmo_score import Component, question_threshold, score, threshold


@pytest.mark.parametrize(
    ("tokens", "needed"), [(0, 1), (20, 1), (35, 0.9), (49, 1 - 0.2 * 29 / 30), (50, 0.8), (999, 0.8)]
)
def test_short_items_need_a_perfect_match(tokens, needed):
    assert threshold(tokens) == pytest.approx(needed)


def test_a_question_needs_what_answer_and_passage_cannot_bring():
    assert question_threshold(50) == pytest.approx(0.5 / 0.7)
    assert question_threshold(20) == 1


LONG = Component(20, 0.9)
SHORT = Component(10, 0.9)  # weighs 0.75 of what a long one does


@pytest.mark.parametrize(
    ("question", "answer", "passage", "expected"),
    [
        (LONG, None, None, 0.9),
        (SHORT, None, None, 0.9),
        (LONG, Component(5, 1.0), None, 0.9 * 0.75 + 0.25),
        (LONG, Component(5, 0.0), None, 0.9 * 0.75),
        (SHORT, Component(5, 1.0), None, 0.9 * 0.75 * 0.75 + 0.25 + 0.75 * 0.25),
        (LONG, None, Component(0, 0.5), 0.9 * 0.85 + 0.5 * 0.15),
        (LONG, Component(4, 1.0), Component(0, 0.5), 0.9 * 0.7 + 0.2 + 0.5 * 0.1),
        # an answer of two tokens weighs 0.75, the rest goes to the passage
        (LONG, Component(2, 1.0), Component(0, 0.5), 0.9 * 0.7 + 0.2 * 0.75 + 0.5 * (0.1 + 0.2 * 0.25)),
        # a short question's 0.7 * 0.25 goes half to the answer, half to the passage
        (SHORT, Component(4, 1.0), Component(0, 0.5), 0.9 * 0.7 * 0.75 + (0.2 + 0.0875) + 0.5 * (0.1 + 0.0875)),
    ],
)
def test_the_weighted_overlap(question, answer, passage, expected):
    assert score(question, answer, passage) == pytest.approx(expected)
