import itertools

import numpy as np
import pytest
from scipy.special import softmax

from seatrial import Turn
from seatrial.errors import StageError
from seatrial.model import Continuation
from seatrial_plugins.robustness.label_classifier import TIE, LabelClassifier

PROMPT = (
    Turn("system", "Route it."),
    Turn("user", "an example"),
    Turn("assistant", "billing"),
    Turn("user", "my invoice"),
)


def given(*logprobs):
    return [[Continuation(logprob, 2) for logprob in logprobs]]


def test_only_the_last_user_turn_is_replaced():
    classifier = LabelClassifier(PROMPT, ("billing", "tech"))
    assert classifier.text == "my invoice"
    prompt = classifier.with_text("my inovice")
    assert prompt[3] == Turn("user", "my inovice")
    assert prompt[:3] == PROMPT[:3]


def test_probabilities_are_the_softmax_of_the_log_likelihoods_in_double_precision():
    found = LabelClassifier(PROMPT, ("a", "b", "c")).probabilities(given(-2.0, -1.0, -700.0), "c")
    assert found.dtype == np.float64
    expected = np.exp([-2.0, -1.0, -700.0]) / np.exp([-2.0, -1.0, -700.0]).sum()
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


@pytest.mark.parametrize(
    "logprobs", [(float("nan"), -1.0), (-1.0, float("nan")), (float("-inf"), float("-inf")), (float("inf"), -1.0)]
)
def test_scores_that_are_no_numbers_are_an_error(logprobs):
    with pytest.raises(StageError, match="not numbers"):
        LabelClassifier(PROMPT, ("a", "b")).probabilities(given(*logprobs), "a")


def test_an_impossible_label_has_probability_zero():
    found = LabelClassifier(PROMPT, ("a", "b")).probabilities(given(-1.0, float("-inf")), "a")
    assert found.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("labels", list(itertools.permutations("abc")), ids="".join)
def test_where_the_expected_label_shares_the_top_it_is_not_the_likeliest_wherever_it_stands(labels):
    for likelihoods in ({"a": -1.0, "b": -1.0, "c": -1.0}, {"a": -1.0, "b": -1.0 + TIE / 2, "c": -9.0}):
        logprobs = [likelihoods[label] for label in labels]
        found = LabelClassifier(PROMPT, labels).probabilities(given(*logprobs), "a")
        assert labels[int(found.argmax())] != "a"
        np.testing.assert_allclose(found.sum(), 1.0, rtol=1e-12)
        np.testing.assert_allclose(found[0], softmax(logprobs), atol=1e-5)
    clear = LabelClassifier(PROMPT, labels).probabilities(
        given(*[{"a": -1.0, "b": -2.0, "c": -2.0}[label] for label in labels]), "a"
    )
    assert labels[int(clear.argmax())] == "a"


def test_a_tie_below_the_top_and_one_without_the_expected_label_are_left_as_they_are():
    for truth in ("c", "d"):
        found = LabelClassifier(PROMPT, ("a", "b", "c")).probabilities(given(-1.0, -1.0, -2.0), truth)
        np.testing.assert_allclose(found[0], softmax([-1.0, -1.0, -2.0]), rtol=1e-12)


def test_a_prompt_without_a_user_turn_is_an_error():
    with pytest.raises(StageError, match="no user message"):
        _ = LabelClassifier((Turn("system", "only this"),), ("a",)).text
