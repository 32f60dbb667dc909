import numpy as np
import pytest

from seatrial import Turn
from seatrial.errors import StageError
from seatrial.model import Continuation
from seatrial_plugins.robustness.label_classifier import LabelClassifier

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
    found = LabelClassifier(PROMPT, ("a", "b", "c")).probabilities(given(-2.0, -1.0, -700.0))
    assert found.dtype == np.float64
    expected = np.exp([-2.0, -1.0, -700.0]) / np.exp([-2.0, -1.0, -700.0]).sum()
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


@pytest.mark.parametrize("logprobs", [(float("nan"), -1.0), (float("-inf"), float("-inf"))])
def test_scores_that_are_no_numbers_are_an_error(logprobs):
    with pytest.raises(StageError, match="not numbers"):
        LabelClassifier(PROMPT, ("a", "b")).probabilities(given(*logprobs))


def test_an_impossible_label_has_probability_zero():
    found = LabelClassifier(PROMPT, ("a", "b")).probabilities(given(-1.0, float("-inf")))
    assert found.tolist() == [[1.0, 0.0]]


def test_a_prompt_without_a_user_turn_is_an_error():
    with pytest.raises(StageError, match="no user message"):
        _ = LabelClassifier((Turn("system", "only this"),), ("a",)).text
