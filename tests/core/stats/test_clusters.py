import numpy as np
import pytest
import statsmodels.api as sm

from seatrial.stats import cluster_index, clustered_standard_error
from seatrial.stats.clusters import cluster_totals


def test_clusters_are_numbered_as_they_are_met():
    assert cluster_index(["b", None, "b", "a"]).tolist() == [0, 1, 0, 2]


def test_totals_and_sizes_are_of_each_cluster():
    totals, sizes = cluster_totals([1.0, 2.0, 4.0], ["a", "b", "a"])
    assert (totals.tolist(), sizes.tolist()) == ([5.0, 2.0], [2.0, 1.0])


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
