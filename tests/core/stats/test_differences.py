import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from seatrial.stats import Proportion, ProportionDifference, mover_interval

SHARES = st.integers(1, 400).flatmap(lambda n: st.builds(Proportion, st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("first", "second"), [((7, 20), (3, 60)), ((0, 25), (0, 4_000)), ((30, 30), (2, 30))])
def test_it_joins_the_exact_intervals_of_scipy(first, second):
    (low1, high1), (low2, high2) = (binomtest(*counts).proportion_ci(0.95, "exact") for counts in (first, second))
    p1, p2 = (successes / n for successes, n in (first, second))
    low, high = mover_interval(Proportion(*first), Proportion(*second), 0.975)
    assert low == pytest.approx(max(-1, p1 - p2 - math.sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)))
    assert high == pytest.approx(min(1, p1 - p2 + math.sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)))


@given(SHARES, SHARES)
def test_bounds_surround_the_difference_and_mirror_each_other(first, second):
    difference = ProportionDifference(first, second)
    bounds = difference.bounds()
    assert -1 <= bounds.lower <= difference.value <= bounds.upper <= 1
    mirrored = ProportionDifference(second, first).bounds()
    assert (bounds.lower, bounds.upper) == (pytest.approx(-mirrored.upper), pytest.approx(-mirrored.lower))
    assert (bounds.level, bounds.method, difference.n) == (0.95, "MOVER (Clopper-Pearson)", first.n + second.n)


@given(SHARES, SHARES)
def test_a_higher_level_is_wider_and_more_rows_are_narrower(first, second):
    difference = ProportionDifference(first, second)
    bounds, wider, narrower = difference.bounds(), difference.bounds(0.999), difference.at(10 * difference.n).bounds()
    assert wider.lower <= bounds.lower
    assert wider.upper >= bounds.upper
    assert narrower.upper - narrower.lower <= bounds.upper - bounds.lower + 1e-12


def test_equal_shares_differ_by_nothing_even_where_nothing_was_found():
    bounds = ProportionDifference(Proportion(0, 20), Proportion(0, 5_000)).bounds()
    assert bounds.lower < 0 < bounds.upper


# The score bounds miss 14.7%, 9.5% and 9.6% of the time in the first three.
@pytest.mark.parametrize(
    ("n", "of", "share", "more"),
    [(20, 5_000, 0.01, 0), (20, 1_000, 0.005, 0), (20, 1_000, 0.05, 0), (50, 200, 0.2, 0.1)],
)
def test_the_lower_bound_is_too_high_in_at_most_one_case_of_twenty(n, of, share, more):
    ours, theirs = binom.pmf(np.arange(n + 1), n, share + more), binom.pmf(np.arange(of + 1), of, share)
    missed = sum(
        ours[k] * theirs[j]
        for k in np.flatnonzero(ours > 1e-7)
        for j in np.flatnonzero(theirs > 1e-7)
        if mover_interval(Proportion(int(k), n), Proportion(int(j), of))[0] > more
    )
    assert missed <= 0.05
