import random

import numpy as np
import pytest
import torch

from seatrial_plugins.robustness.random_state import example_seed, seeded


def _draw():
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002  # the global one is meant


def test_what_is_drawn_inside_follows_from_the_seed_and_leaves_no_trace_outside():
    with seeded(1):
        expected = _draw()
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    undisturbed = [_draw(), _draw()]
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    first = _draw()
    with seeded(1):
        inside = _draw()
    assert inside == expected
    assert [first, _draw()] == undisturbed


def test_the_state_is_put_back_after_an_error():
    random.seed(9)
    expected = random.random()
    random.seed(9)
    with pytest.raises(ZeroDivisionError), seeded(1):
        random.seed(1 // 0)
    assert random.random() == expected


def test_seeds_differ_by_row_and_by_seed_and_fit_numpy():
    seeds = {example_seed(seed, row) for seed in range(20) for row in ("a", "b", "a.2")}
    assert len(seeds) == 60
    assert all(0 <= seed < 2**32 for seed in seeds)
