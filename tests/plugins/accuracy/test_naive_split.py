"""Naive split: copies that stand on both sides are found, and each prompt is asked once."""

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from seatrial import Continuation, Row, System, Task, Turn
from seatrial.rows import Label
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy.naive_split import NaiveSplitScorer, resplit


def row(number, text, label):
    return Row(
        f"r{number}", (Turn("user", text), Turn("assistant", label)), "text-label", "s", "f", number, Label(label)
    )


class Counting:
    facts = MappingProxyType({})
    asked = 0

    def without_adapter(self):
        return self

    def count_tokens(self, conversations):
        return [1 for _ in conversations]

    def tokenize(self, texts):
        return [[1] for _ in texts]

    def loglikelihoods(self, prompts, options):
        self.asked += len(prompts)
        return [[Continuation(-float(option not in turns[-1].content), 1) for option in listed]
                for turns, listed in zip(prompts, options, strict=True)]  # fmt: skip


def run(rows, **options):
    model = Counting()
    train = RowList(rows[:2])
    task = Task(labels=("a", "b"), raw=RowList(rows), train=train, seed=5, progress=lambda done, total: None)
    samples = list(NaiveSplitScorer(**options).score(System("tuned", "tuned", model=model), RowList([]), task))
    return samples, model


def test_copies_leak_and_distinct_texts_do_not():
    copies = [row(n, "always the same a", "a") for n in range(40)]
    distinct = [row(100 + n, f"text b {n}", "b") for n in range(40)]
    samples, model = run(copies + distinct, test=0.5)
    assert len(samples) == 40
    for sample in samples:
        leaked = sample.target == "a"
        assert sample.detail["leaked"] is leaked
        assert (sample.values["correct_leaked"] is None) is not leaked
        assert (sample.values["correct_clean"] is None) is leaked
    assert model.asked == 1 + sum(sample.target == "b" for sample in samples)


def test_rows_of_labels_that_were_not_trained_are_left_out():
    samples, _ = run(
        [row(n, f"text {n} c", "c") for n in range(30)] + [row(50 + n, f"a {n}", "a") for n in range(10)], test=0.5
    )
    assert {sample.target for sample in samples} == {"a"}


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
