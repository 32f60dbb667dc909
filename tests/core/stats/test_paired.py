import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar

from seatrial.stats import PairedDifference, mcnemar_exact, tango_interval

Z = 1.959963984540054


def test_tangos_interval_of_published_examples():
    # Fagerland, Lydersen, Laake: Statistical Analysis of Contingency Tables, chapter 8; data of Cavo et al. (2012).
    assert tango_interval(6, 16, 161) == (pytest.approx(-0.1240, abs=5e-5), pytest.approx(-0.0054, abs=5e-5))


def test_exact_mcnemar_of_the_published_example():
    assert mcnemar_exact(6, 16) == pytest.approx(0.052479, abs=5e-7)


@given(st.integers(0, 60), st.integers(0, 60))
def test_exact_mcnemar_agrees_with_statsmodels(b, c):
    assert mcnemar_exact(b, c) == pytest.approx(mcnemar([[0, b], [c, 0]], exact=True).pvalue, abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_one_sided_mcnemar_is_the_sign_test_of_the_one_ahead(b, c):
    expected = binomtest(max(b, c), b + c, alternative="greater").pvalue if b + c else 1.0
    assert mcnemar_exact(b, c, sides=1) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [1, 30, 163, 5000])
def test_systems_that_never_disagree_still_have_an_interval(n):
    low, high = tango_interval(0, 0, n)
    assert (low, high) == (pytest.approx(-(Z**2) / (n + Z**2)), pytest.approx(Z**2 / (n + Z**2)))


PAIRS = st.integers(1, 300).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n)))
)


@given(PAIRS)
def test_bounds_surround_the_difference_and_mirror_each_other(counts):
    b, c, n = counts
    ours, theirs = PairedDifference(b, c, n), PairedDifference(c, b, n)
    bounds = ours.bounds()
    assert -1 <= bounds.lower <= ours.value <= bounds.upper <= 1
    assert bounds.upper - bounds.lower > 1e-3
    assert bounds.lower == pytest.approx(-theirs.bounds().upper, abs=1e-9)


def chance(n, difference, disagreement, rejected):
    """Exact probability of the tables in `rejected` for a true difference and share of disagreements."""
    b, c = np.array(sorted(rejected)).T
    first, second = (disagreement + difference) / 2, (disagreement - difference) / 2
    with np.errstate(divide="ignore"):
        log = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
        log = log + b * np.log(first) + c * np.log(second) + (n - b - c) * np.log(1 - disagreement)
    return np.exp(log).sum()


@pytest.mark.parametrize("n", [20, 50])
@pytest.mark.parametrize("margin", [0.0, 0.02, 0.05])
def test_a_system_on_the_margin_passes_at_most_one_time_in_twenty(n, margin):
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    passed = {(b, c) for b, c in tables if PairedDifference(b, c, n).bounds().lower >= -margin}
    failed = {(b, c) for b, c in tables if PairedDifference(b, c, n).bounds().upper < -margin}
    for disagreement in (margin + 0.01, 0.1, 0.22, 0.4, 0.7, 0.95):
        assert chance(n, -margin, disagreement, passed) <= 0.05
        assert chance(n, -margin, disagreement, failed) <= 0.05


def test_without_the_correction_it_would_pass_more_often():
    n = 20
    passed = {(b, c) for b in range(n + 1) for c in range(n + 1 - b) if tango_interval(b, c, n, 0.9)[0] >= 0.1}
    assert chance(n, 0.1, 0.22, passed) > 0.07


def test_at_a_margin_of_zero_the_bound_decides_as_exact_mcnemar_does():
    for b in range(1, 19):
        for c in range(b):
            exact = binomtest(b, b + c, alternative="greater").pvalue <= 0.05
            assert (PairedDifference(b, c, 163).bounds().lower >= 0) == exact, (b, c)


@pytest.mark.parametrize("counts", [(0, 0, 0), (-1, 0, 5), (3, 3, 5)])
def test_impossible_tables_are_refused(counts):
    with pytest.raises(ValueError, match="disagreements of"):
        tango_interval(*counts)
