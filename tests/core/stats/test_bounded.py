import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv

from seatrial.stats import BoundedMean, Mean, clopper_pearson_bounds
from seatrial.stats.bounded import _below, _lower

UNIT = (0.0, 1.0)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_ones_and_zeros_are_bounded_as_a_proportion_is(counts):
    k, n = counts
    bounds = BoundedMean.of([1.0] * k + [0.0] * (n - k), UNIT).bounds()
    assert (bounds.lower, bounds.upper) == pytest.approx(clopper_pearson_bounds(k, n))
    assert bounds.method == "Clopper-Pearson"


@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 2), (5, 5), (29, 30), (145, 163), (163, 163), (1, 163)])
def test_the_saddlepoint_is_near_the_exact_beta_probability_and_errs_to_the_wide_side(k, n):
    exact = betaincinv(k, n - k + 1, 0.05)
    found = _below(np.array([-exact, 1 - exact]), np.array([n - k + 1.0, k]))
    assert 0.05 <= found + 1e-9 <= 0.05 * 1.045
    assert _lower([0.0, 1.0], [n - k, k], 0.05) <= exact + 1e-9


def test_the_saddlepoint_agrees_with_a_simulation_of_random_weights():
    rng = np.random.default_rng(8)
    values = np.array([0.0, 0.2, 0.5, 0.5, 0.8, 1.0, 1.0, 1.0])
    means = rng.dirichlet(np.ones(9), 400_000) @ np.array([0.0, *values])
    bounds = BoundedMean.of(values, UNIT).bounds()
    assert bounds.lower == pytest.approx(np.quantile(means, 0.05), abs=2e-3)
    assert np.mean(means <= bounds.lower) == pytest.approx(0.05, abs=1.5e-3)


def test_one_slight_blemish_among_many_ones_promises_no_more_than_all_ones():
    spotless = BoundedMean.of([1.0] * 40, UNIT).bounds().lower
    blemished = BoundedMean.of([1.0] * 39 + [0.99], UNIT).bounds().lower
    assert blemished < spotless == pytest.approx(0.05 ** (1 / 40))
    assert Mean.of([1.0] * 39 + [0.99]).bounds().lower > 0.99  # what Student's t would have promised


def test_limits_other_than_zero_and_one_scale_the_bounds():
    unit = BoundedMean.of([0.2, 0.9, 1.0], UNIT).bounds()
    scaled = BoundedMean.of([-60.0, 80.0, 100.0], (-100.0, 100.0)).bounds()
    assert scaled.lower == pytest.approx(200 * unit.lower - 100)
    assert scaled.upper == pytest.approx(200 * unit.upper - 100)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_there_are_always_bounds_and_they_have_a_width(values):
    mean = BoundedMean.of(values, UNIT)
    bounds = mean.bounds()
    assert mean.value == pytest.approx(np.mean(values))
    assert 0 <= bounds.lower <= mean.value + 1e-12
    assert mean.value - 1e-12 <= bounds.upper <= 1
    assert bounds.upper - bounds.lower > 0.01


DRAWS = {
    "mostly right": (lambda rng, shape: np.where(rng.random(shape) < 0.9, 1.0, rng.random(shape)), 0.95),
    "right or wrong": (lambda rng, shape: (rng.random(shape) < 0.95).astype(float), 0.95),
    "rarely wrong": (lambda rng, shape: (rng.random(shape) < 0.98).astype(float), 0.98),
    "spread": (lambda rng, shape: rng.beta(2, 1, shape), 2 / 3),
    "skewed": (lambda rng, shape: rng.beta(0.2, 5, shape), 0.2 / 5.2),
    "nearly constant": (lambda rng, shape: np.where(rng.random(shape) < 0.97, 0.6, 0.0), 0.582),
}


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("n", [2, 8, 40, 160])
def test_a_mean_on_the_threshold_passes_at_most_one_time_in_twenty(kind, n):
    draw, truth = DRAWS[kind]
    samples = draw(np.random.default_rng(5), (1500, n))
    passed = failed = 0
    for sample in samples:
        values, counts = np.unique(sample, return_counts=True)
        # the lower bound lies above the truth exactly where the probability below the truth is under 5%
        passed += _below(np.array([0.0, *values]) - truth, np.array([1.0, *counts])) < 0.05
        failed += _below(truth - np.array([1.0, *values]), np.array([1.0, *counts])) < 0.05
    assert max(passed, failed) / len(samples) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(samples))


def test_students_t_would_pass_it_nearly_twice_as_often():
    samples = DRAWS["mostly right"][0](np.random.default_rng(5), (2000, 160))
    assert np.mean([Mean.of(sample).bounds().lower > 0.95 for sample in samples]) > 0.08


def test_more_of_the_same_narrows_the_bounds_around_the_mean():
    few = BoundedMean.of([0.2, 0.9, 1.0, 1.0], UNIT)
    many = few.at(40_000).bounds()
    assert few.bounds().lower < many.lower < few.value < many.upper < few.bounds().upper
    assert many.upper - many.lower < 0.01


@pytest.mark.parametrize(
    ("values", "message"), [([], "all finite"), ([float("nan")], "all finite"), ([0.5, 1.5], "outside 0 to 1")]
)
def test_what_is_no_sample_within_the_limits_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        BoundedMean.of(values, UNIT)
