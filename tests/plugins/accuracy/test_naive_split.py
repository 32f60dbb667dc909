"""Naive split: copies that stand on both sides are found, and each prompt is asked once."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Continuation, Draws, Row, System, Task, Transcript, Turn
from seatrial.errors import StageError
from seatrial.rows import Label
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy import seatrial_scorers
from seatrial_plugins.accuracy.naive_split import NaiveSplitScorer, resplit
from seatrial_plugins.probes import build_choose


def row(number, text, label):
    return Row(
        f"r{number}", (Turn("user", text), Turn("assistant", label)), "text-label", "s", "f", number, Label(label)
    )


class Counting:
    facts = MappingProxyType({})
    asked = 0

    def loglikelihoods(self, prompts, options):
        self.asked += len(prompts)
        return [[Continuation(-float(option not in turns[-1].content), 1) for option in listed]
                for turns, listed in zip(prompts, options, strict=True)]  # fmt: skip


@pytest.fixture
def run(judged):
    def naively(rows, **options):
        model, scorer, labels, seed = Counting(), NaiveSplitScorer(**options), ("a", "b"), 5
        tables = {"raw": RowList(rows), "train": RowList(rows[:2])}
        drawn = RowList(scorer.draw(tables, labels, seed))
        task = Task("test", drawn, labels, seed=seed, tables=tables)
        return judged(build_choose(), scorer, System("tuned", "tuned", model), task), model

    return naively


def test_copies_leak_and_distinct_texts_do_not(run):
    copies = [row(n, "always the same a", "a") for n in range(40)]
    distinct = [row(100 + n, f"text b {n}", "b") for n in range(40)]
    samples, model = run(copies + distinct, test=0.5)
    assert len(samples) == 40
    for sample in samples:
        leaked = sample.target == "a"
        assert sample.detail["leaked"] is leaked
        assert (sample.values["correct_leaked"] is None) is not leaked
        assert (sample.values["correct_clean"] is None) is leaked
        assert sample.values["correct"] == 1.0
        assert sample.error is None
    assert {sample.detail["trained_on"] for sample in samples if sample.target == "a"} == {True}
    assert {sample.detail["trained_on"] for sample in samples if sample.target == "b"} == {False}
    assert model.asked == 1 + sum(sample.target == "b" for sample in samples)


def test_rows_of_labels_that_were_not_trained_are_left_out(run):
    samples, _ = run(
        [row(n, f"text {n} c", "c") for n in range(30)] + [row(50 + n, f"a {n}", "a") for n in range(10)], test=0.5
    )
    assert {sample.target for sample in samples} == {"a"}


def test_a_system_that_did_not_answer_has_an_error_and_no_value():
    rows = [row(n, f"text a {n}", "a") for n in range(4)]
    scorer, tables = NaiveSplitScorer(test=0.5), {"raw": RowList(rows), "train": RowList(rows)}
    drawn = scorer.draw(tables, ("a",), 5)
    task = Task("test", RowList(drawn), ("a",), seed=5, tables=tables)
    for sample in scorer.score([Transcript(one.id, error="no memory") for one in drawn], task):
        assert (sample.values, sample.error) == ({}, "no memory")
        assert sample.detail["trained_on"] is True


def test_nothing_to_split_is_refused():
    scorer = NaiveSplitScorer(test=0.5)
    with pytest.raises(StageError, match="no raw row has a label of the train rows"):
        scorer.draw({"raw": RowList([row(1, "text", "c")])}, ("a", "b"), 5)
    for share in (0, 1, -0.5):
        with pytest.raises(StageError, match=f"test is {share}"):
            NaiveSplitScorer(test=share)


def test_it_draws_from_the_tables_that_its_component_declares():
    (component,) = (one for one in seatrial_scorers() if one.name == "naive_split")
    assert component.draws == ("raw", "train")
    assert isinstance(component.build(), Draws)


texts = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=2, max_size=60)


@given(texts, st.floats(0.1, 0.9), st.one_of(st.none(), st.integers(1, 10)), st.integers(0, 5))
def test_the_split_is_a_partition_within_the_cap_and_repeats(given_rows, test, maximum, seed):
    rows = [row(n, text, label) for n, (text, label) in enumerate(given_rows)]
    train, held_out = resplit(rows, test=test, maximum=maximum, seed=seed)
    names = [member.id for member in train + held_out]
    assert len(names) == len(set(names))
    assert len(held_out) == round(test * len(names))
    for label in "xyz":
        count = sum(member.label == label for member in train + held_out)
        there = sum(member.label == label for member in rows)
        assert count == (there if maximum is None else min(there, maximum))
    assert resplit(rows, test=test, maximum=maximum, seed=seed) == (train, held_out)
