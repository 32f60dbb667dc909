import random

import numpy as np
import pytest
import torch

from seatrial_plugins.robustness.process_state import ProcessState, example_seed
from seatrial_plugins.robustness.textattack_import import import_textattack


@pytest.fixture(autouse=True, scope="module")
def textattack():
    import_textattack()


def _draw():
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002  # the global one is meant


def test_what_is_drawn_inside_follows_from_the_seed_and_leaves_no_trace_outside():
    with ProcessState(1, ""):
        expected = _draw()
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    undisturbed = [_draw(), _draw()]
    random.seed(9)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    first = _draw()
    with ProcessState(1, ""):
        inside = _draw()
    assert inside == expected
    assert [first, _draw()] == undisturbed


def test_the_state_is_put_back_after_an_error():
    random.seed(9)
    expected = random.random()
    random.seed(9)
    with pytest.raises(ZeroDivisionError), ProcessState(1, ""):
        random.seed(1 // 0)
    assert random.random() == expected


def test_examples_that_take_turns_draw_what_they_would_draw_alone():
    with ProcessState(1, ""):
        alone = [_draw(), _draw()]
    one, other = ProcessState(1, ""), ProcessState(2, "")
    outside = random.getstate()
    with one:
        first = _draw()
        with one.paused():
            assert random.getstate() == outside
            with other:
                assert _draw() not in alone
        assert [first, _draw()] == alone
    assert random.getstate() == outside


def test_the_split_token_is_one_that_the_text_does_not_hold():
    from textattack.shared import AttackedText

    before = AttackedText.SPLIT_TOKEN
    state = ProcessState(1, "a \ue000\ue000 b")
    with state:
        assert AttackedText.SPLIT_TOKEN == "\ue000" * 3
        with state.paused():
            assert before == AttackedText.SPLIT_TOKEN
    assert before == AttackedText.SPLIT_TOKEN


def test_seeds_differ_by_row_and_by_seed_and_fit_numpy():
    seeds = {example_seed(seed, row) for seed in range(20) for row in ("a", "b", "a.2")}
    assert len(seeds) == 60
    assert all(0 <= seed < 2**32 for seed in seeds)
