"""Choice: the likeliest option is the answer, wherever it stands; a tie is no answer, and what failed is an error."""

import itertools
import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Continuation, Response, Row, System, Task, Transcript, Turn
from seatrial.rows import Choice, Label
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy.choice import TIE, ChoiceScorer
from seatrial_plugins.probes import build_choose


def label_row(text, label, name="r"):
    return Row(name, (Turn("user", text), Turn("assistant", label)), "text-label", "s", "f", 1, Label(label))


def sample_of(likelihoods, target, **row):
    """The sample of one row, whose options were found that likely."""
    turns = Turn("user", "which?"), Turn("assistant", target)
    options = tuple(text for text, _ in likelihoods)
    expected = Choice(options, options.index(target) if target in options else None)
    asked = Row("r", turns, "choice", "s", "f", 1, **{"expected": expected, **row})
    responses = tuple(Response(text, logprob, 1) for text, logprob in likelihoods)
    (sample,) = ChoiceScorer().score([Transcript("r", responses, "hash")], Task("test", RowList([asked])))
    return sample


def test_the_likeliest_option_is_the_prediction():
    sample = sample_of([("lost card", -0.25), ("exchange rate", -3.0)], "lost card", expected=Label("lost card"))
    assert (sample.prediction, sample.target, sample.slice) == ("lost card", "lost card", "lost card")
    assert sample.values == {"correct": 1.0, "correct_norm": 1.0, "nll": 0.25}
    assert sample.detail["options"][0] == {"option": "lost card", "logprob": -0.25}
    assert sample.detail["input"] == "which?"
    assert sample.prompt_hash == "hash"
    wrong = sample_of([("stone", -1.0), ("apple", -2.0)], "apple", slice="botany")
    assert (wrong.prediction, wrong.values["correct"], wrong.slice) == ("stone", 0.0, "botany")


def test_length_is_normalised_by_characters():
    long = "a b c d e f g h i j k l"
    assert -12 / len(long) < -1 / len("zz") < -10 / len(long)
    sample = sample_of([(long, -12.0), ("zz", -1.0)], long)
    assert (sample.prediction, sample.values) == ("zz", {"correct": 0.0, "correct_norm": 0.0, "nll": 12.0})
    sample = sample_of([(long, -10.0), ("zz", -1.0)], long)
    assert (sample.prediction, sample.values) == ("zz", {"correct": 0.0, "correct_norm": 1.0, "nll": 10.0})


# ---- ties, and the place of the right option ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", list(itertools.permutations("abcd")), ids="".join)
def test_a_tie_for_the_top_is_not_right_wherever_the_right_option_stands(options):
    for likelihoods in ({"a": -1.0, "b": -1.0, "c": -1.0, "d": -1.0}, {"a": -1.0, "b": -1.0, "c": -2.0, "d": -3.0}):
        sample = sample_of([(text, likelihoods[text]) for text in options], "a")
        assert (sample.values["correct"], sample.values["correct_norm"]) == (0.0, 0.0)
        assert sample.prediction is None
        assert sample.detail["tied"] == sum(value == -1.0 for value in likelihoods.values())
        assert sample.values["nll"] == 1.0  # its likelihood is known all the same


@pytest.mark.parametrize("options", list(itertools.permutations("abcd")), ids="".join)
def test_what_is_right_or_wrong_is_so_wherever_it_stands(options):
    likelihoods = {"a": -1.0, "b": -2.0, "c": -2.0, "d": -3.0}
    told = [(text, likelihoods[text]) for text in options]
    assert [sample_of(told, target).values["correct"] for target in "abcd"] == [1.0, 0.0, 0.0, 0.0]
    assert {sample_of(told, target).prediction for target in "abcd"} == {"a"}


@given(
    st.lists(st.floats(-50, 0, allow_nan=False), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
    st.integers(0, 5),
)
def test_the_order_of_the_options_changes_no_value(logprobs, draw, target):
    told = [(f"option {place}", logprob) for place, logprob in enumerate(logprobs)]
    answer = told[target % len(told)][0]
    shuffled = told.copy()
    draw.shuffle(shuffled)
    first, second = sample_of(told, answer), sample_of(shuffled, answer)
    assert first.values == second.values
    assert first.prediction == second.prediction


def test_what_differs_by_rounding_alone_is_a_tie():
    assert sample_of([("a", -7.0), ("b", -7.0 - TIE / 2)], "a").values["correct"] == 0.0
    assert sample_of([("a", -7.0), ("b", -7.0 - TIE * 2)], "a").values["correct"] == 1.0


def test_an_option_that_stands_twice_ties_with_no_other():
    sample = sample_of([("a", -1.0), ("b", -2.0), ("a", -1.0)], "a")
    assert (sample.prediction, sample.values["correct"], sample.values["correct_norm"]) == ("a", 1.0, 1.0)


class KnowsNothing:
    """Every option is as likely as any other, whatever is asked: a model whose weights are all zero."""

    facts = MappingProxyType({})

    def loglikelihoods(self, prompts, options):
        return [[Continuation(-math.log(512), 1) for _ in listed] for _, listed in zip(prompts, options, strict=True)]


@pytest.mark.parametrize("label", ["a", "b", "c"])
def test_a_model_that_knows_nothing_gets_nothing_right_whichever_label_is_right(judged, label):
    rows = [label_row(f"text {number}", label, f"r{number}") for number in range(40)]
    task = Task("test", RowList(rows), ("a", "b", "c"))
    samples = judged(build_choose(), ChoiceScorer(), System("tuned", "tuned", KnowsNothing()), task)
    assert sum(sample.values["correct"] + sample.values["correct_norm"] for sample in samples) == 0
    assert all(sample.error is None for sample in samples)


@pytest.mark.parametrize("labels", [("a",), ()])
def test_a_task_of_one_label_scores_no_row(judged, labels):
    rows = [label_row(f"text {number}", "a", f"r{number}") for number in range(3)]
    task = Task("test", RowList(rows), labels)
    for sample in judged(build_choose(), ChoiceScorer(), System("tuned", "tuned", KnowsNothing()), task):
        assert sample.values == {}
        assert sample.error


# ---- other systems and failures ----------------------------------------------------------------------------------------


def test_a_classifier_has_a_prediction_and_no_likelihood():
    rows = [label_row("rate", "exchange rate", "a"), label_row("card", "lost card", "b")]
    transcripts = [Transcript(row.id, (Response("lost card"),)) for row in rows]
    wrong, right = ChoiceScorer().score(transcripts, Task("test", RowList(rows), ("exchange rate", "lost card")))
    assert wrong.values == {"correct": 0.0, "correct_norm": None, "nll": None}
    assert (right.values["correct"], right.prediction) == (1.0, "lost card")


def test_what_the_system_did_not_answer_is_an_error_and_never_a_zero():
    row = label_row("hello", "greeting")
    (sample,) = ChoiceScorer().score(
        [Transcript("r", prompt_hash="hash", error="no memory")], Task("t", RowList([row]))
    )
    assert (sample.values, sample.error, sample.target, sample.slice) == ({}, "no memory", "greeting", "greeting")
    assert sample.detail["input"] == "hello"


def test_no_transcripts_no_samples():
    assert list(ChoiceScorer().score([], Task("test", RowList([])))) == []


def test_a_long_input_is_cut_in_the_sample():
    row = label_row("word " * 1000, "a")
    (sample,) = ChoiceScorer().score([Transcript("r", error="no memory")], Task("test", RowList([row])))
    assert len(sample.detail["input"]) == 400
    assert sample.detail["input"].endswith("…")
