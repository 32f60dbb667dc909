import numpy as np
import pytest
from scipy.special import betaincinv

from seatrial.stats import BoundedMean
from seatrial.stats.gaffke import gaffke_lower, tail_probability

UNIT = (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 2), (5, 5), (29, 30), (145, 163), (163, 163), (1, 163)])
def test_the_saddlepoint_is_near_the_exact_beta_probability_and_errs_to_the_wide_side(k, n):
    exact = betaincinv(k, n - k + 1, 0.05)
    found = tail_probability(np.array([-exact, 1 - exact]), np.array([n - k + 1.0, k]))
    assert 0.05 <= found + 1e-9 <= 0.05 * 1.045
    assert gaffke_lower([0.0, 1.0], [1, 1], [n - k, k], 0.05) <= exact + 1e-9


def test_the_saddlepoint_agrees_with_a_simulation_of_random_weights():
    rng = np.random.default_rng(8)
    values = np.array([0.0, 0.2, 0.5, 0.5, 0.8, 1.0, 1.0, 1.0])
    means = rng.dirichlet(np.ones(9), 400_000) @ np.array([0.0, *values])
    bounds = BoundedMean.of(values, UNIT).bounds()
    assert bounds.lower == pytest.approx(np.quantile(means, 0.05), abs=2e-3)
    assert np.mean(means <= bounds.lower) == pytest.approx(0.05, abs=1.5e-3)


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ([1, 1, 5, 20], [1.0, 1.0, 1.0, 1.0]),
        ([1] * 9 + [30], [1.0] * 9 + [0.0]),
        ([3, 1, 4, 1, 5, 9, 2, 6], [0.9, 0.2, 0.5, 1.0, 1.0, 0.7, 0.0, 0.8]),
    ],
)
def test_clusters_of_other_sizes_agree_with_a_simulation_of_random_weights_or_err_to_the_wide_side(sizes, shares):
    weights = np.random.default_rng(8).exponential(size=(400_000, len(sizes) + 1)) * np.array([max(sizes), *sizes])
    means = weights @ np.array([0.0, *shares]) / weights.sum(axis=1)
    lower = gaffke_lower(shares, sizes, [1.0] * len(sizes), 0.05)
    assert 0.046 <= np.mean(means <= lower) <= 0.051
