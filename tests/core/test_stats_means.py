import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from seatrial.stats import Mean, clopper_pearson_bounds, clustered_standard_error

UNIT = (0.0, 1.0)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60).filter(lambda values: np.var(values) > 1e-6))
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


def test_one_value_without_limits_has_no_bounds():
    assert Mean.of([3.0]).bounds().missing == "one value shows no spread, so there are no bounds"


@pytest.mark.parametrize("n", [1, 5, 30, 400])
def test_all_ones_are_bounded_as_n_of_n_is(n):
    bounds = Mean.of([1.0] * n, UNIT).bounds()
    assert bounds.lower == pytest.approx(clopper_pearson_bounds(n, n)[0])
    assert (bounds.upper, bounds.method) == (1.0, "Chernoff-Hoeffding")


def test_one_slight_blemish_among_many_ones_promises_no_more_than_all_ones():
    spotless = Mean.of([1.0] * 40, UNIT).bounds()
    blemished = Mean.of([1.0] * 39 + [0.99], UNIT).bounds()
    assert blemished.method == "Student t, held to the rule of three"
    assert blemished.lower < spotless.lower


def test_limits_other_than_zero_and_one_scale_the_bounds():
    unit = Mean.of([0.2, 0.9, 1.0], UNIT).bounds()
    scaled = Mean.of([-60.0, 80.0, 100.0], (-100.0, 100.0)).bounds()
    assert scaled.lower == pytest.approx(200 * unit.lower - 100)
    assert scaled.upper == pytest.approx(200 * unit.upper - 100)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_bounded_means_always_have_bounds_with_a_width(values):
    mean = Mean.of(values, UNIT)
    bounds = mean.bounds()
    assert 0 <= bounds.lower <= mean.value <= bounds.upper <= 1
    assert bounds.upper - bounds.lower > 0.01


F1_LIKE = {
    "mostly right": lambda rng, shape: np.where(rng.random(shape) < 0.9, 1.0, rng.random(shape)),
    "right or wrong": lambda rng, shape: (rng.random(shape) < 0.95).astype(float),
    "spread": lambda rng, shape: rng.beta(2, 1, shape),
    "rarely wrong": lambda rng, shape: (rng.random(shape) < 0.98).astype(float),
}
TRUE_MEAN = {"mostly right": 0.95, "right or wrong": 0.95, "spread": 2 / 3, "rarely wrong": 0.98}


@pytest.mark.parametrize("kind", F1_LIKE)
@pytest.mark.parametrize("n", [8, 25, 40, 160])
def test_a_bounded_mean_on_the_threshold_passes_a_floor_at_most_one_time_in_twenty(kind, n):
    draws = F1_LIKE[kind](np.random.default_rng(5), (2000, n))
    passed = np.mean([Mean.of(sample, UNIT).bounds().lower > TRUE_MEAN[kind] for sample in draws])
    assert passed <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(draws))


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_what_is_no_sample_of_numbers_is_refused(values):
    with pytest.raises(ValueError, match="at least one value, all finite"):
        Mean.of(values)


def test_values_outside_the_limits_are_refused():
    with pytest.raises(ValueError, match="outside 0 to 1"):
        Mean.of([0.5, 1.5], UNIT)


def test_clustered_standard_error_agrees_with_statsmodels():
    rng = np.random.default_rng(2)
    clusters = rng.integers(0, 17, 300)
    values = rng.normal(size=300) + clusters
    fitted = sm.OLS(values, np.ones(300)).fit()
    robust = fitted.get_robustcov_results("cluster", groups=clusters, use_correction=False)
    count = len(set(clusters.tolist()))
    expected = robust.bse[0] * np.sqrt(count / (count - 1))
    assert clustered_standard_error(values, clusters.tolist()) == pytest.approx(expected)


def test_clusters_of_one_give_the_plain_standard_error():
    values = np.random.default_rng(3).normal(size=50)
    assert clustered_standard_error(values, list(range(50))) == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_one_cluster_has_no_standard_error():
    with pytest.raises(ValueError, match="at least two clusters"):
        clustered_standard_error([1.0, 2.0], ["a", "a"])
    with pytest.raises(ValueError, match="2 values but 1 cluster names"):
        clustered_standard_error([1.0, 2.0], ["a"])
