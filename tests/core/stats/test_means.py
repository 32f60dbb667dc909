import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from seatrial.stats import Mean, clustered_standard_error


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


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_what_is_no_sample_of_numbers_is_refused(values):
    with pytest.raises(ValueError, match="at least one value, all finite"):
        Mean.of(values)


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
