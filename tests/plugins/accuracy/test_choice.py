"""Choice: the likeliest option is the answer; what cannot be scored is an error, never a zero."""

import math
from types import MappingProxyType

import pytest

from seatrial import Continuation, Row, System, Task, Turn
from seatrial.errors import StageError
from seatrial.rows import Choice, Label
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy.choice import ChoiceScorer


class WordOverlap:
    """A real, if simple, model: an option is the likelier the more of its words stand in the prompt."""

    facts = MappingProxyType({})

    def without_adapter(self):
        return self

    def count_tokens(self, conversations):
        return [sum(len(turn.content.split()) for turn in turns) for turns in conversations]

    def tokenize(self, texts):
        return [[len(word) for word in text.split()] for text in texts]

    def loglikelihoods(self, prompts, options):
        answers = []
        for turns, listed in zip(prompts, options, strict=True):
            words = set(turns[-1].content.lower().split())
            if "unspeakable" in words:
                raise StageError("the prompt is too long for the model's context")
            answers.append(
                [Continuation(-float(len(set(option.lower().split()) - words)), len(option)) for option in listed]
            )
        return answers


def label_row(text, label, name="r"):
    return Row(name, (Turn("user", text), Turn("assistant", label)), "text-label", "s", "f", 1, Label(label))


def task(*labels):
    return Task(labels=labels, raw=RowList([]), train=RowList([]), seed=1, progress=lambda done, total: None)


def score(rows, *labels, system=None):
    system = system or System("tuned", "tuned", model=WordOverlap())
    return list(ChoiceScorer().score(system, RowList(rows), task(*labels)))


def test_the_likeliest_label_is_the_prediction():
    sample = score([label_row("my card is lost", "lost card")], "lost card", "exchange rate")[0]
    assert (sample.prediction, sample.target, sample.slice) == ("lost card", "lost card", "lost card")
    assert sample.values == {"correct": 1.0, "correct_norm": 1.0, "nll": 0.0}
    assert sample.detail["options"][0] == {"option": "lost card", "logprob": 0.0}
    assert sample.detail["input"] == "my card is lost"


def test_length_is_normalised_by_characters():
    rows = [label_row("nothing shared", "a b c d e f g h i j k l")]
    sample = score(rows, "a b c d e f g h i j k l", "zz")[0]
    assert sample.prediction == "zz"
    # -12 over 23 characters is likelier, a character, than -1 over 2.
    assert -12 / 23 < -1 / 2
    assert sample.values["correct_norm"] == 0.0
    assert sample.values["nll"] == 12.0


def test_a_multiple_choice_row_is_held_against_its_own_choices():
    row = Row(
        "r", (Turn("user", "which is a fruit: apple"), Turn("assistant", "apple")), "choice", "s", "f", 1,
        Choice(("stone", "apple")), slice="botany",
    )  # fmt: skip
    sample = score([row], "lost card")[0]
    assert (sample.prediction, sample.values["correct"], sample.slice) == ("apple", 1.0, "botany")


def test_a_label_that_training_never_saw_is_an_error_not_a_zero():
    sample = score([label_row("hello", "greeting")], "lost card", "exchange rate")[0]
    assert sample.values == {}
    assert "'greeting' is not among the 2 labels of the train rows" in sample.error


def test_one_row_that_fails_does_not_take_its_batch_along():
    rows = [label_row("lost card", "lost card", "a"), label_row("unspeakable", "lost card", "b")]
    first, second = score(rows, "lost card", "exchange rate")
    assert (first.error, first.values["correct"]) == (None, 1.0)
    assert "too long for the model's context" in second.error


def test_an_unanswered_row_says_so():
    row = Row("r", (Turn("user", "hello"),), "chat", "s", "f", 1)
    assert score([row], "a", "b")[0].error == "the row has no expected answer"


def test_examples_before_the_prompt_change_its_hash_and_nothing_else_does():
    row = label_row("lost card", "lost card")
    examples = (Turn("user", "rate?"), Turn("assistant", "exchange rate"))
    plain, again, shot = (
        score([row], "lost card", "exchange rate", system=system)[0]
        for system in (
            System("tuned", "tuned", model=WordOverlap()),
            System("base", "base", model=WordOverlap()),
            System("base-1shot", "fewshot", model=WordOverlap(), preamble=examples),
        )
    )
    assert plain.prompt_hash == again.prompt_hash != shot.prompt_hash


def test_a_classifier_has_a_prediction_and_no_likelihood():
    class Always:
        def classify(self, rows):
            return ["lost card" for _ in rows]

    system = System("majority", "baseline", baseline=Always())
    sample = score([label_row("rate", "exchange rate")], "lost card", "exchange rate", system=system)[0]
    assert sample.values == {"correct": 0.0, "correct_norm": None, "nll": None}


def test_a_model_without_likelihoods_is_refused_by_name():
    with pytest.raises(StageError, match="choice: endpoint gives no log-likelihoods"):
        score([label_row("a", "b")], "b", system=System("endpoint", "tuned", model=object()))


def test_no_rows_no_samples():
    assert score([], "a", "b") == []
    assert math.isclose(sum(sample.values["correct"] for sample in score([label_row("b", "b")], "b", "c")), 1.0)
