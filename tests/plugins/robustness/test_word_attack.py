import random

import numpy as np
import pytest

from seatrial_plugins.robustness.textattack_import import english_stop_words
from seatrial_plugins.robustness.word_attack import attack_text
from seatrial_plugins.robustness.word_changes import changed_words


class _Keywords:
    """Two labels: 1 is likelier the more of its keywords stand in the text, 0 where there are none."""

    def __init__(self, *keywords):
        self.keywords = keywords
        self.calls = []

    def __call__(self, texts):
        self.calls.append(list(texts))
        hits = np.array([sum(word in text.lower().split() for word in self.keywords) for text in texts])
        second = np.where(hits > 0, 0.5 + 0.1 * hits, 0.1)
        return np.stack([1 - second, second], axis=1)


def _attack(ask, text, truth=1, recipe="deepwordbug", budget=200, seed=0):
    return attack_text(ask, text, truth, recipe=recipe, budget=budget, seed=seed)


@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi2019"])
def test_a_classifier_of_one_keyword_is_flipped_by_one_typo(recipe):
    text = "please explain the invoice from last week"
    attempt = _attack(_Keywords("invoice"), text, recipe=recipe)
    assert attempt.outcome == "succeeded"
    (change,) = changed_words(text, attempt.text)
    assert text[change.start : change.end] == "invoice"
    assert attempt.clean.argmax() == 1
    assert attempt.attacked.argmax() == 0


def test_a_classifier_of_many_keywords_is_not_flipped_by_one_typo_of_pruthi():
    ask = _Keywords("invoice", "refund", "payment")
    attempt = _attack(ask, "invoice refund payment pending", recipe="pruthi2019", budget=2000)
    assert attempt.outcome == "failed"
    assert attempt.attacked.argmax() == 1
    assert attempt.queries < 2000


def test_a_message_that_is_wrong_already_is_skipped_after_one_query():
    ask = _Keywords("invoice")
    attempt = _attack(ask, "my screen is black")
    assert (attempt.outcome, attempt.queries, attempt.unique_forwards) == ("skipped", 1, 1)
    assert attempt.text == "my screen is black"


@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi2019"])
def test_a_budget_that_runs_out_is_an_outcome_of_its_own(recipe):
    ask = _Keywords("invoice")
    attempt = _attack(ask, "kindly explain our rather unexpected weekly invoice", recipe=recipe, budget=5)
    assert attempt.outcome == "budget exhausted"
    assert attempt.queries == 5
    assert sum(len(call) for call in ask.calls) == attempt.unique_forwards <= 5


@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi2019"])
def test_no_text_is_asked_twice_and_a_word_is_asked_in_one_call(recipe):
    ask = _Keywords("invoice", "refund", "payment")
    attempt = _attack(ask, "invoice invoice refund refund payment", recipe=recipe)
    asked = [text for call in ask.calls for text in call]
    assert len(asked) == len(set(asked)) == attempt.unique_forwards
    assert attempt.unique_forwards <= attempt.queries
    assert len(ask.calls) <= 2 + 5


def test_a_success_leaves_stop_words_alone():
    text = "why is the invoice so wrong and what should i do about it"
    attempt = _attack(_Keywords("invoice", "wrong"), text)
    changed = {text[change.start : change.end] for change in changed_words(text, attempt.text)}
    assert attempt.outcome == "succeeded"
    assert changed == {"invoice", "wrong"}
    assert not changed & english_stop_words()


@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi2019"])
@pytest.mark.parametrize("text", ["", "   ", "?!", "it is", "🙂🙂", "a"])
def test_a_message_with_nothing_to_misspell_is_not_flipped(text, recipe):
    class Always(_Keywords):
        def __call__(self, texts):
            super().__call__(texts)
            return np.tile([0.1, 0.9], (len(texts), 1))

    attempt = _attack(Always(), text, recipe=recipe)
    assert attempt.outcome == "failed"
    assert attempt.text == text


@pytest.mark.parametrize(
    "text",
    [
        "<SPLIT> invoice <SPLIT> after it",
        "账单 invoice 有问题 after it",
        "the invoice — naïve café\u00a0“quoted” \u202e after it",
        "\ue000 invoice \ue000\ue000 after it",
        "invoice\n\n\tafter it " + "and more words " * 300,
    ],
)
def test_odd_texts_keep_all_but_the_changed_words(text):
    attempt = _attack(_Keywords("invoice"), text, budget=2000)
    assert attempt.outcome == "succeeded"
    (change,) = changed_words(text, attempt.text)
    assert text[change.start : change.end] == "invoice"
    assert attempt.text[: change.attacked_start] == text[: change.start]
    assert attempt.text[change.attacked_end :] == text[change.end :]


def test_equal_seeds_give_equal_attacks_whatever_was_drawn_before_and_other_seeds_others():
    text = "please explain the invoice from last week"
    found = []
    for seed in (1, 1, 2, 3, 4):
        random.random()
        found.append(_attack(_Keywords("invoice"), text, seed=seed).text)
    assert found[0] == found[1]
    assert len(set(found)) > 1


def test_probabilities_are_not_softmaxed_a_second_time():
    probabilities = np.array([[1e-9, 1 - 1e-9 - 18e-10, *([1e-10] * 18)]])
    attempt = _attack(lambda texts: np.repeat(probabilities, len(texts), axis=0), "fine words")
    np.testing.assert_array_equal(attempt.clean, probabilities[0])


def test_what_the_model_raises_comes_out():
    def broken(texts):
        raise RuntimeError(f"out of memory with {len(texts)}")

    with pytest.raises(RuntimeError, match="out of memory with 1"):
        _attack(broken, "some words")
