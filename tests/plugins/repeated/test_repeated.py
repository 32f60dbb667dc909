"""Repeated: each of several answers counts, and a row stays one row."""

from itertools import combinations

import pytest

from seatrial import Response, Row, Task, Transcript, Turn
from seatrial.evaluation.attempts import asks_attempts, attempt_values, pass_at_k, pass_hat_k
from seatrial.evaluation.matching import is_right
from seatrial.rows.table import RowList
from seatrial_plugins.repeated import build_repeated, repeated_metrics


@pytest.mark.parametrize(("n", "c"), [(1, 0), (1, 1), (5, 0), (5, 2), (6, 5), (6, 6)])
def test_pass_at_k_and_pass_hat_k_count_every_draw_of_k_answers(n, c):
    right = [place < c for place in range(n)]
    for k in range(1, n + 1):
        draws = list(combinations(right, k))
        assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))
        assert pass_hat_k(n, c, k) == pytest.approx(sum(map(all, draws)) / len(draws))


def test_a_k_beyond_the_answers_has_no_value():
    with pytest.raises(ValueError, match="k is 1 to 2"):
        pass_at_k(2, 1, 3)


def test_the_variance_is_that_of_right_and_wrong():
    found = attempt_values([True, False, True, True], [1, 2])
    assert found["answer_variance"] == pytest.approx(0.25)  # statistics.variance([1, 0, 1, 1])
    assert (found["flaky"], attempt_values([True, True], [2])["flaky"]) == (1, 0)


@pytest.mark.parametrize(
    ("answer", "match", "right"),
    [
        ("The answer is the Red Ship!", "contains", True),
        ("The answer is the red shipping", "contains", False),
        (" red ship\n", "exact", True),
        ("Red ship", "exact", False),
        ("It costs 3 and then $1,200.50", "number", True),
        ("1200.50 of 3", "number", False),
        ("none", "number", False),
    ],
)
def test_an_answer_is_right_by_the_match_that_is_named(answer, match, right):
    assert is_right(answer, ["red ship", "#### 1200.5"], match) is right


def test_samples_hold_each_answer_and_errors_are_errors():
    turns = (Turn("user", "What?"), Turn("assistant", "red"))
    rows = [Row(name, turns, "prompt-completion", "path:x", "x", 1) for name in "123"]
    said = [
        Transcript("1", tuple(map(Response, ("red", "blue", "a red one")))),
        Transcript("2", error="too long"),
        Transcript("3", (Response("red"),)),
    ]
    scorer = build_repeated(answers=3, k=[2])
    first, second, third = scorer.score(said, Task("t", RowList(rows)))
    assert first.values == pytest.approx(
        {"pass@1": 2 / 3, "pass@2": 1, "pass^2": 1 / 3, "flaky": 1, "answer_variance": 1 / 3}
    )
    assert (first.prediction, first.detail["right"]) == ("blue", [True, False, True])
    assert (second.error, "1 answers" in third.error) == ("too long", True)
    assert {metric.column for metric in repeated_metrics(answers=3, k=[2])} == set(first.values)
    assert [name for name, _ in build_repeated(match="number").problems(rows)] == ["1", "2", "3"]
    mute = Row("4", (Turn("user", "What?"), Turn("assistant", "!")), "prompt-completion", "path:x", "x", 1)
    assert [name for name, _ in build_repeated().problems([*rows, mute])] == ["4"]


def test_several_answers_are_drawn_warm_and_one_is_greedy():
    assert (asks_attempts(8)(answers=3)["temperature"], asks_attempts(8)()["temperature"]) == (0.8, 0.0)
    assert asks_attempts(8)(answers=3, temperature=1.2) | {"stop": ()} == {
        "answers": 3, "temperature": 1.2, "top_p": 1.0, "max_new_tokens": 8, "stop": ()
    }  # fmt: skip
