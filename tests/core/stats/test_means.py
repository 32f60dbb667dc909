import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from seatrial.stats import ClusteredMean, Mean


@given(st.lists(st.floats(-1e3, 1e3), min_size=10, max_size=60).filter(lambda values: np.var(values) > 1e-6))
def test_students_bounds_agree_with_scipy(values):
    bounds = Mean.of(values).bounds()
    assert bounds.method == "Student t"
    assert bounds.lower == pytest.approx(
        ttest_1samp(values, 0, alternative="greater").confidence_interval().low, abs=1e-6
    )
    assert bounds.upper == pytest.approx(
        ttest_1samp(values, 0, alternative="less").confidence_interval().high, abs=1e-6
    )


def test_equal_values_without_limits_have_no_bounds_rather_than_a_width_of_zero():
    bounds = Mean.of([0.1] * 50).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert bounds.missing == "all 50 values are the same and their limits are not known, so there are no bounds"


@pytest.mark.parametrize("values", [[3.0], [0.9, 0.9001], [*range(9)]])
def test_few_values_without_limits_have_no_bounds(values):
    bounds = Mean.of(values).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert "fewer than 10" in bounds.missing
    assert Mean.of(values).at(10).bounds().missing is None or len(values) == 1
    assert "fewer than 10" in ClusteredMean.of(values, range(len(values))).bounds().missing


def test_values_that_differ_by_rounding_show_no_spread():
    assert "are the same" in Mean.of([0.1 + 0.2, 0.3] * 20).bounds().missing


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_what_is_no_sample_of_numbers_is_refused(values):
    with pytest.raises(ValueError, match="at least one value, all finite"):
        Mean.of(values)


@given(st.lists(st.floats(-1e3, 1e3), min_size=10, max_size=40).filter(lambda values: np.var(values) > 1e-3))
def test_clusters_of_one_size_are_bounded_by_students_t_of_their_means(means):
    names = np.repeat(np.arange(len(means)), 3)
    found, expected = ClusteredMean.of(np.repeat(means, 3), names).bounds(), Mean.of(means).bounds()
    assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper), rel=1e-6, abs=1e-6)
    assert found.method == "Fieller (clusters)"


def test_the_bounds_are_where_t_on_the_clusters_totals_reaches_its_quantile():
    rng = np.random.default_rng(4)
    sizes = rng.integers(1, 9, 30)
    names = np.repeat(np.arange(30), sizes)
    values = 1e6 + rng.normal(size=30)[names] + rng.normal(size=names.size)
    found = ClusteredMean.of(values, names)
    assert (found.value, found.n) == (pytest.approx(values.mean()), 30)
    for bound, sign in ((found.bounds().lower, 1), (found.bounds().upper, -1)):
        totals = np.bincount(names, weights=values - bound)
        assert sign * ttest_1samp(totals, 0).statistic == pytest.approx(student.ppf(0.95, 29), rel=1e-6)


def test_a_giant_cluster_leaves_no_bounds_rather_than_narrow_ones():
    values = np.random.default_rng(1).normal(size=520)
    bounds = ClusteredMean.of(values, [0] * 500 + list(range(1, 21))).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert "21 clusters are too few for how unequal in size they are" in bounds.missing


@pytest.mark.parametrize(
    ("values", "names", "reason"),
    [
        ([1.0, 2.0], ["a", "a"], "1 cluster of no known limits"),
        ([0.1] * 20, [*"abcdefghij"] * 2, "all 10 clusters have the same mean"),
        ([1.0, 3.0] * 10, [one for name in "abcdefghij" for one in (name, name)], "all 10 clusters have the same mean"),
        ([1e308, 1e308, -1e308], ["a", "a", "b"], "the numbers are too large"),
    ],
)
def test_clusters_that_bound_nothing_say_why(values, names, reason):
    bounds = ClusteredMean.of(values, names).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert reason in bounds.missing


@pytest.mark.parametrize("kind", ["equal", "skewed"])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_a_mean_of_clusters_on_the_threshold_passes_at_most_one_time_in_twenty(kind, correlation):
    rng = np.random.default_rng(6)
    passed = []
    for _ in range(1000):
        sizes = np.full(12, 4) if kind == "equal" else 1 + rng.pareto(1.5, 12).astype(int)
        names = np.repeat(np.arange(12), sizes)
        values = np.sqrt(correlation) * rng.normal(size=12)[names] + np.sqrt(1 - correlation) * rng.normal(
            size=names.size
        )
        lower = ClusteredMean.of(values, names).bounds().lower
        passed.append(lower is not None and lower >= 0)
    assert np.mean(passed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_more_of_the_same_clusters_narrow_the_bounds():
    few = ClusteredMean.of([1.0, 2.0, 4.0, 8.0], ["a", "a", "b", "c"])
    assert few.at(300).value == few.value
    assert few.bounds().missing is not None or few.at(300).bounds().lower > few.bounds().lower


@pytest.mark.parametrize("values", [[], [float("nan")]])
def test_clusters_of_no_numbers_are_refused(values):
    with pytest.raises(ValueError, match="at least one value, all finite"):
        ClusteredMean.of(values, ["a"] * len(values))
