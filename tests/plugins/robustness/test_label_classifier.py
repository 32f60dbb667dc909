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


class _Constant:
    def __init__(self, *logprobs):
        self.logprobs = logprobs
        self.seen = []

    def loglikelihoods(self, prompts, options):
        self.seen.append((list(prompts), list(options)))
        return [[Continuation(logprob, 2) for logprob in self.logprobs] for _ in prompts]


def test_only_the_last_user_turn_is_replaced():
    model = _Constant(-1.0, -2.0)
    classifier = LabelClassifier(model, PROMPT, ("billing", "tech"))
    assert classifier.text == "my invoice"
    classifier.probabilities(["my inovice", "m invoice"])
    prompts, options = model.seen[0]
    assert [prompt[3].content for prompt in prompts] == ["my inovice", "m invoice"]
    assert all(prompt[:3] == PROMPT[:3] for prompt in prompts)
    assert options == [("billing", "tech"), ("billing", "tech")]


def test_probabilities_are_the_softmax_of_the_log_likelihoods_in_double_precision():
    found = LabelClassifier(_Constant(-2.0, -1.0, -700.0), PROMPT, ("a", "b", "c")).probabilities(["x"])
    assert found.dtype == np.float64
    expected = np.exp([-2.0, -1.0, -700.0]) / np.exp([-2.0, -1.0, -700.0]).sum()
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


@pytest.mark.parametrize("logprobs", [(float("nan"), -1.0), (float("-inf"), float("-inf"))])
def test_scores_that_are_no_numbers_are_an_error(logprobs):
    with pytest.raises(StageError, match="not numbers"):
        LabelClassifier(_Constant(*logprobs), PROMPT, ("a", "b")).probabilities(["x"])


def test_an_impossible_label_has_probability_zero():
    found = LabelClassifier(_Constant(-1.0, float("-inf")), PROMPT, ("a", "b")).probabilities(["x"])
    assert found.tolist() == [[1.0, 0.0]]


def test_a_prompt_without_a_user_turn_is_an_error():
    with pytest.raises(StageError, match="no user message"):
        _ = LabelClassifier(_Constant(0.0), (Turn("system", "only this"),), ("a",)).text
