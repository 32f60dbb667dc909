import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.terminal.figures import figure, figure_beside, percent, sample_size, share, with_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8896, "0.890"),
        (-0.02, "-0.020"),
        (0, "0.000"),
        (-0.00001, "0.000"),
        (61.237, "61.24"),
        (2310, "2310"),
        (2_147_483_648, "2,147,483,648"),
        (math.nan, "not a number"),
        (math.inf, "infinite"),
    ],
)
def test_numbers_read_well(value, text):
    assert figure(value) == text


def test_rounding_never_hides_on_which_side_a_number_lies():
    assert figure_beside(0.74996, 0.75) == "0.74996"
    assert figure_beside(0.75, 0.75) == "0.750"


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_what_is_shown_compares_as_what_is_meant(value, threshold):
    shown = float(figure_beside(value, threshold).replace(",", ""))
    assert (shown < threshold, shown > threshold) == (value < threshold, value > threshold)


def test_a_unit_follows_its_number():
    assert with_unit("52.10", "ms") == "52.10 ms"
    assert with_unit("0.890", "") == "0.890"


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        ((520,), "n = 520"),
        ((520, 21), "n = 520 in 21 clusters"),
        ((500, 1), "n = 500 in 1 cluster"),
        ((163, None, 3), "n = 163, 3 seeds"),
        ((163, None, 1), "n = 163"),
        ((520, 21, 2), "n = 520 in 21 clusters, 2 seeds"),
    ],
)
def test_a_sample_size_says_what_repeats(counted, said):
    assert sample_size(*counted) == said


@pytest.mark.parametrize(
    ("x", "written"),
    [(0.0, "0.000"), (1.0, "1.000"), (0.89, "0.890"), (0.9996, "0.9996"), (0.0004, "0.0004"), (1e-9, "1e-09")],
)
def test_a_share_is_never_rounded_to_none_or_all(x, written):
    assert share(x) == written


@pytest.mark.parametrize(
    ("x", "written"),
    [(0.0, "0.0%"), (1.0, "100.0%"), (0.115, "11.5%"), (1 / 3075, "0.03%"), (0.99999, "99.999%"), (1e-9, "1e-07%")],
)
def test_a_percentage_is_never_rounded_to_none_or_all(x, written):
    assert percent(x) == written
