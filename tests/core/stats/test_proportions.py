import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from seatrial.stats import Proportion, clopper_pearson_bounds, wilson_interval

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_wilson_of_thirty_out_of_thirty_is_the_notes_886():
    assert wilson_interval(30, 30) == (pytest.approx(0.886, abs=5e-4), 1.0)


def test_tuned_quickstart_score_has_the_interval_that_was_measured_by_hand():
    assert wilson_interval(145, 163) == (pytest.approx(0.832, abs=5e-4), pytest.approx(0.929, abs=5e-4))


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_agrees_with_scipy_and_statsmodels(counts, level):
    k, n = counts
    scipy = binomtest(k, n).proportion_ci(level, method="wilson")
    assert wilson_interval(k, n, level) == pytest.approx((scipy.low, scipy.high), abs=1e-9)
    assert wilson_interval(k, n, level) == pytest.approx(proportion_confint(k, n, 1 - level, "wilson"), abs=1e-9)


@given(COUNTS, st.sampled_from([0.9, 0.95, 0.99]))
def test_clopper_pearson_agrees_with_scipy_one_sided(counts, level):
    k, n = counts
    lower, upper = clopper_pearson_bounds(k, n, level)
    assert lower == pytest.approx(binomtest(k, n, alternative="greater").proportion_ci(level).low, abs=1e-9)
    assert upper == pytest.approx(binomtest(k, n, alternative="less").proportion_ci(level).high, abs=1e-9)


def test_no_failure_in_n_leaves_a_rate_of_three_in_n():
    _, upper = clopper_pearson_bounds(0, 1000)
    assert upper == pytest.approx(3 / 1000, rel=0.01)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(ValueError, match="n must be at least 1"):
        clopper_pearson_bounds(successes, n)
    with pytest.raises(ValueError, match="n must be at least 1"):
        wilson_interval(successes, n)


def chance_to_pass(n: int, threshold: float, lower_bound) -> float:
    """The exact probability that a system whose true rate is the threshold passes a floor there."""
    k = np.arange(n + 1)
    return sum(binom.pmf(i, n, threshold) for i in k if lower_bound(int(i)) >= threshold)


@pytest.mark.parametrize("n", [10, 50, 100, 163, 500])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.75, 0.9, 0.99])
def test_a_system_on_the_threshold_passes_at_most_one_time_in_twenty(n, threshold):
    floor = chance_to_pass(n, threshold, lambda k: Proportion(k, n).bounds().lower)
    ceiling = chance_to_pass(n, threshold, lambda k: 2 * threshold - Proportion(k, n).bounds().upper)
    assert floor <= 0.05
    assert ceiling <= 0.05


def test_wilson_would_pass_it_more_often_which_is_why_gates_do_not_use_it():
    assert chance_to_pass(100, 0.1, lambda k: wilson_interval(k, 100, 0.9)[0]) == pytest.approx(0.073, abs=5e-4)


def test_simulated_coverage_of_the_bounds_is_at_least_their_level():
    draws = np.random.default_rng(11).binomial(163, 0.89, 20_000)
    bounds = {int(k): Proportion(int(k), 163).bounds() for k in np.unique(draws)}
    missed_low = np.mean([bounds[int(k)].lower > 0.89 for k in draws])
    missed_high = np.mean([bounds[int(k)].upper < 0.89 for k in draws])
    assert max(missed_low, missed_high) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws.size)


def test_a_share_carried_over_to_another_n_keeps_its_value():
    assert Proportion(145, 163).at(1000).value == pytest.approx(145 / 163)
    assert Proportion(0, 3).at(10**9).bounds().lower == 0.0
