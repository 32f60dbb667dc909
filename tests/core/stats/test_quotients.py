import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from seatrial.stats import Proportion, ProportionDifference, ProportionRatio, mover_ratio_interval

SHARES = st.integers(1, 400).flatmap(lambda n: st.builds(Proportion, st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("first", "second"), [((7, 20), (3, 60)), ((30, 30), (2, 30)), ((40, 200), (39, 900))])
def test_it_is_where_the_distances_to_scipys_exact_bounds_add_up(first, second):
    """At a bound r, |p1 - r p2| is the root of the summed squares of both distances: the definition, not the solution."""
    (low1, high1), (low2, high2) = (binomtest(*counts).proportion_ci(0.95, "exact") for counts in (first, second))
    p1, p2 = (successes / n for successes, n in (first, second))
    low, high = mover_ratio_interval(Proportion(*first), Proportion(*second), 0.975)
    assert low < p1 / p2 < high
    assert p1 - low * p2 == pytest.approx(math.hypot(p1 - low1, low * (high2 - p2)))
    assert high * p2 - p1 == pytest.approx(math.hypot(high1 - p1, high * (p2 - low2)))


def test_an_example_by_hand():
    """30 of 40 against 20 of 200; exact bounds of a table: .588 to .873 and .062 to .150."""
    bounds = ProportionRatio(Proportion(30, 40), Proportion(20, 200)).bounds(0.975)
    lowest, above = 0.588 * (2 * 0.75 - 0.588), 0.150 * (2 * 0.1 - 0.150)
    below, highest = 0.0622 * (2 * 0.1 - 0.0622), 0.873 * (2 * 0.75 - 0.873)
    assert bounds.lower == pytest.approx((0.075 - math.sqrt(0.075**2 - lowest * above)) / above, rel=0.01)
    assert bounds.upper == pytest.approx((0.075 + math.sqrt(0.075**2 - highest * below)) / below, rel=0.01)


def test_a_second_share_of_none_leaves_the_lower_bound():
    all_of_some = ProportionRatio(Proportion(50, 50), Proportion(0, 500))
    bounds = all_of_some.bounds()
    (low, _), (_, high) = (
        binomtest(k, n).proportion_ci(0.9, "exact") for k, n in ((50, 50), (0, 500))
    )  # two-sided 90% is one-sided 95%
    assert bounds.lower == pytest.approx(math.sqrt(low * (2 - low)) / high)
    assert (bounds.upper, bounds.missing) == (None, "the second share could be 0, so no ratio is too high")
    with pytest.raises(ValueError, match="undefined"):
        _ = all_of_some.value


def test_where_nothing_is_found_no_ratio_is_ruled_out():
    bounds = ProportionRatio(Proportion(0, 50), Proportion(0, 500)).bounds()
    assert (bounds.lower, bounds.upper) == (0.0, None)
    assert (bounds.at_most(1.25), bounds.at_least(1.25)) == ("inconclusive", "inconclusive")


@given(SHARES, SHARES)
def test_bounds_surround_the_ratio_and_a_higher_level_is_wider(first, second):
    ratio = ProportionRatio(first, second)
    bounds, wider = ratio.bounds(), ratio.bounds(0.999)
    assert 0 <= wider.lower <= bounds.lower
    if second.successes:
        assert bounds.lower <= ratio.value * (1 + 1e-9)
        assert bounds.upper >= ratio.value * (1 - 1e-9)
        assert wider.upper >= bounds.upper
    assert (bounds.upper is None) is (second.successes == 0)
    assert (bounds.level, bounds.method, ratio.n) == (0.95, "MOVER-R (Clopper-Pearson)", first.n + second.n)


@given(SHARES, SHARES, st.sampled_from([0.95, 0.975, 0.9995]))
def test_it_never_contradicts_the_difference(first, second, level):
    difference = ProportionDifference(first, second).bounds(level)
    ratio = ProportionRatio(first, second).bounds(level)
    if abs(difference.lower) > 1e-9:
        assert (ratio.lower > 1) is (difference.lower > 0)
    if abs(difference.upper) > 1e-9:
        assert (ratio.upper is not None and ratio.upper < 1) is (difference.upper < 0)


@given(SHARES, SHARES)
def test_the_inverse_has_the_inverse_bounds(first, second):
    bounds, inverse = ProportionRatio(first, second).bounds(), ProportionRatio(second, first).bounds()
    if bounds.lower and inverse.upper:
        assert bounds.lower == pytest.approx(1 / inverse.upper, rel=1e-6)
    assert (bounds.lower == 0) is (inverse.upper is None)


def test_more_of_the_same_is_narrower():
    ratio = ProportionRatio(Proportion(30, 40), Proportion(20, 200))
    more = ratio.at(2_400)
    assert (more.first.n, more.second.n, more.value) == (400, 2_000, pytest.approx(7.5))
    assert ratio.bounds().lower < more.bounds().lower < 7.5 < more.bounds().upper < ratio.bounds().upper


# Koopman's score bounds miss 14.7%, Katz's 13.7% of the time in the first and the second.
@pytest.mark.parametrize(
    ("n", "of", "share", "times"),
    [(20, 5_000, 0.01, 1), (20, 1_000, 0.6, 1.5), (50, 5_000, 0.001, 1.25), (200, 200, 0.01, 30), (20, 20, 0.01, 100)],
)
def test_the_lower_bound_is_too_high_in_at_most_one_case_of_twenty(n, of, share, times):
    ours, theirs = binom.pmf(np.arange(n + 1), n, share * times), binom.pmf(np.arange(of + 1), of, share)
    missed = sum(
        ours[k] * theirs[j]
        for k in np.flatnonzero(ours > 1e-7)
        for j in np.flatnonzero(theirs > 1e-7)
        if mover_ratio_interval(Proportion(int(k), n), Proportion(int(j), of))[0] > times * (1 + 1e-12)
    )
    assert missed <= 0.05
