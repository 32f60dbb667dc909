"""Charts as geometry."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_reports.charts import loss_curve, nice_ticks, powers_of_ten
from seatrial_reports.course import build_course


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_ticks_are_round_and_enclose(a, b):
    low, high = min(a, b), max(a, b)
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 12
    assert ticks == sorted(set(ticks))
    slack = 1e-6 * max(abs(low), abs(high), 1)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack


def test_the_loss_curve_leaves_out_what_is_no_number(plain_result):
    steps = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": math.nan}, {"step": 4, "loss": 1.0}]
    curve = loss_curve(steps, best_step=4)
    assert curve.train == "25.0,0.0 100.0,50.0"
    assert curve.validation == ""
    assert curve.best.at == 100
    assert curve.alt == "Training loss goes from 2 at step 1 to 1 at step 4"
    assert build_course(replace(plain_result, training=steps)).not_finite == 1
    assert loss_curve(steps[:2], None) is None


def test_a_loss_that_falls_far_is_drawn_on_powers_of_ten():
    steep = loss_curve([{"step": 1, "loss": 10.0}, {"step": 2, "loss": 0.1}, {"step": 3, "loss": 0.01}], best_step=3)
    assert steep.logarithmic
    assert [tick.label for tick in steep.y_ticks] == ["0.01", "0.1", "1", "10"]
    assert steep.train == "33.33,0.0 66.67,66.67 100.0,100.0"
    assert not loss_curve([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 0.1}], None).logarithmic
    assert not loss_curve([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 0.0}], None).logarithmic


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.01, 10, [0.01, 0.1, 1, 10]), (0.03, 4, [0.01, 0.1, 1, 10]), (1, 1, [1, 10]), (1e-7, 5e-7, [1e-7, 1e-6])],
)
def test_powers_of_ten_enclose(low, high, ticks):
    assert powers_of_ten(low, high) == ticks
