from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.huggingface.runtime import Example
from seatrial_plugins.training.plan import plan_steps, split_batch


@given(st.integers(1, 60), st.integers(1, 16), st.integers(1, 4), st.integers(0, 99))
def test_an_epoch_reads_every_example_once(examples, rows, epochs, seed):
    plan = plan_steps(examples, rows_per_step=rows, epochs=epochs, seed=seed)
    assert len(plan.steps) == epochs * plan.steps_per_epoch
    for epoch in range(epochs):
        steps = plan.steps[epoch * plan.steps_per_epoch : (epoch + 1) * plan.steps_per_epoch]
        assert sorted(index for step in steps for index in step) == list(range(examples))
        assert all(len(step) == rows for step in steps[:-1])


def test_the_order_follows_the_seed_and_differs_by_epoch():
    def order(seed):
        return plan_steps(50, rows_per_step=5, epochs=2, seed=seed).steps

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1)[:10] != order(1)[10:]


def test_a_shorter_training_begins_like_the_longer_one():
    long = plan_steps(20, rows_per_step=4, epochs=3, seed=0)
    assert plan_steps(20, rows_per_step=4, epochs=1.4, seed=0).steps == long.steps[:7]
    assert len(plan_steps(20, rows_per_step=4, epochs=0.01, seed=0).steps) == 1
    assert long.epoch(10) == 2.0


@given(st.lists(st.integers(2, 50), min_size=1, max_size=30), st.integers(1, 8), st.integers(1, 100))
def test_passes_hold_every_example_within_the_budget(lengths, rows, tokens):
    batch = [Example(str(name), tuple(range(size)), (1,)) for name, size in enumerate(lengths)]
    passes = split_batch(batch, rows=rows, tokens=tokens)
    assert sorted(example.row for part in passes for example in part) == sorted(example.row for example in batch)
    for part in passes:
        assert 1 <= len(part) <= rows
        assert len(part) == 1 or sum(len(example.ids) for example in part) <= tokens


lengths_of_rows = st.lists(st.integers(2, 50), min_size=1, max_size=30)


def made(lengths):
    return [Example(str(name), tuple(range(size)), (1,)) for name, size in enumerate(lengths)]


def total(part):
    return sum(len(example.ids) for example in part)


@given(lengths_of_rows, st.integers(1, 8), st.integers(1, 100))
def test_tight_passes_hold_every_example_within_the_budget(lengths, rows, tokens):
    batch = made(lengths)
    passes = split_batch(batch, rows=rows, tokens=tokens, tight=True)
    assert sorted(example.row for part in passes for example in part) == sorted(example.row for example in batch)
    assert passes == split_batch(batch, rows=rows, tokens=tokens, tight=True)
    for part in passes:
        assert 1 <= len(part) <= rows
        assert total(part) <= max(tokens, *lengths)


@given(lengths_of_rows, st.integers(50, 120))
def test_tight_passes_are_few(lengths, tokens):
    passes = split_batch(made(lengths), rows=99, tokens=tokens, tight=True)
    assert len(passes) <= 11 / 9 * -(-sum(lengths) // tokens) + 4
    loose = split_batch(made(lengths), rows=99, tokens=tokens)
    assert len(passes) <= len(loose)


def test_tight_passes_are_filled_alike():
    # Two would be full and the third nearly empty.
    passes = split_batch(made([40, 30, 30, 25, 25, 20, 20, 10]), rows=9, tokens=95, tight=True)
    assert len(passes) == 3
    assert min(map(total, passes)) >= 60
