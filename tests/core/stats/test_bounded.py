import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from seatrial.stats import BoundedMean, Mean, clopper_pearson_bounds
from seatrial.stats.gaffke import tail_probability

UNIT = (0.0, 1.0)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_ones_and_zeros_are_bounded_as_a_proportion_is(counts):
    k, n = counts
    bounds = BoundedMean.of([1.0] * k + [0.0] * (n - k), UNIT).bounds()
    assert (bounds.lower, bounds.upper) == pytest.approx(clopper_pearson_bounds(k, n))
    assert bounds.method == "Clopper-Pearson"


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
        passed += tail_probability(np.array([0.0, *values]) - truth, np.array([1.0, *counts])) < 0.05
        failed += tail_probability(truth - np.array([1.0, *values]), np.array([1.0, *counts])) < 0.05
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


def repeated(values, sizes):
    """Each value as often as its cluster is large, and the clusters' names."""
    return np.repeat(values, sizes), np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_copies_of_one_row_are_one_observation(right):
    values, names = repeated([right], [500])
    found = BoundedMean.of(values, UNIT, names)
    assert (found.n, found.value) == (1, right)
    assert (found.bounds().lower, found.bounds().upper) == pytest.approx(clopper_pearson_bounds(right, 1))


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(2, 9))
def test_clusters_of_one_size_that_are_all_right_or_all_wrong_are_a_proportion_of_clusters(counts, size):
    k, n = counts
    values, names = repeated([1.0] * k + [0.0] * (n - k), [size] * n)
    bounds = BoundedMean.of(values, UNIT, names).bounds()
    assert (bounds.lower, bounds.upper) == pytest.approx(clopper_pearson_bounds(k, n))
    assert bounds.method == "Clopper-Pearson (clusters)"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_clusters_of_one_value_each_are_no_clusters(values):
    assert BoundedMean.of(values, UNIT, range(len(values))) == BoundedMean.of(values, UNIT)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 40)), min_size=2, max_size=30))
def test_the_mean_is_that_over_values_and_repeats_never_narrow_its_bounds(clusters):
    values, names = repeated(*zip(*clusters, strict=True))
    found, alone = BoundedMean.of(values, UNIT, names), BoundedMean.of(values, UNIT)
    assert found.value == pytest.approx(alone.value)
    assert found.bounds().lower <= alone.bounds().lower + 1e-9
    assert found.bounds().upper >= alone.bounds().upper - 1e-9


def test_the_largest_cluster_may_have_gone_unseen():
    values, names = repeated([1.0] * 21, [500] + [1] * 20)
    # 21 clusters, all right: were they alike, 0.05 ** (1 / 21) = 0.867 would be shown; but 500 of 520 rows are one.
    assert BoundedMean.of(values, UNIT, names).bounds().lower < 0.09


def false_pass(large, small, size, rates):
    """P(the lower bound lies above the true share of rows), over every outcome of clusters of two sizes."""
    (rate_large, rate_small), chance = rates, 0.0
    truth = (large * size * rate_large + small * rate_small) / (large * size + small)
    for a in range(large + 1):
        for b in range(small + 1):
            counts = np.array([a, large - a, b, small - b, 1.0])
            distances = np.array([size * (1 - truth), -size * truth, 1 - truth, -truth, -size * truth])
            if tail_probability(distances[counts > 0], counts[counts > 0]) < 0.05:
                chance += binom.pmf(a, large, rate_large) * binom.pmf(b, small, rate_small)
    return chance


@pytest.mark.parametrize(("large", "small"), [(1, 9), (2, 20), (5, 20), (10, 10)])
@pytest.mark.parametrize("size", [2, 10, 500])
@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.8, 0.8), (0.95, 0.95), (0.95, 0.9), (0.9, 1.0), (0.5, 0.1)])
def test_a_share_of_rows_on_the_threshold_passes_at_most_one_time_in_twenty_whatever_the_sizes(
    large, small, size, rates
):
    assert false_pass(large, small, size, rates) <= 0.05


@pytest.mark.parametrize("correlation", [0.0, 0.2, 1.0])
@pytest.mark.parametrize(("kind", "truth"), [("skewed", 0.8), ("skewed", 0.95), ("equal", 0.9)])
def test_correlation_within_clusters_passes_nothing(correlation, kind, truth):
    rng = np.random.default_rng(3)
    passed = []
    for _ in range(600):
        sizes = np.full(25, 6) if kind == "equal" else np.minimum(1 + rng.pareto(1.0, 25).astype(int), 200)
        between = truth * (1 / max(correlation, 1e-3) - 1), (1 - truth) * (1 / max(correlation, 1e-3) - 1)
        rates = rng.random(25) < truth if correlation == 1 else rng.beta(*between, 25)
        means = rng.binomial(sizes, rates.astype(float)) / sizes
        distances = np.append(sizes * (means - truth), -truth * sizes.max())
        passed.append(tail_probability(distances, np.ones(26)) < 0.05)
    assert np.mean(passed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("margin", [0.01, 0.05])
@pytest.mark.parametrize("clusters", [10, 60, 300])
def test_no_flip_in_clusters_shows_no_more_than_their_number(margin, clusters):
    values, names = repeated([0.0] * clusters, [7] * clusters)
    lower = BoundedMean.of(values, (-1.0, 1.0), names).bounds().lower
    assert lower == pytest.approx(0.05 ** (1 / clusters) - 1, abs=2e-3)
    assert (lower >= -margin) == ((1 - margin) ** clusters <= 0.05)


def test_more_of_the_same_clusters_narrow_the_bounds():
    values, names = repeated([0.2, 0.9, 1.0, 1.0], [3, 1, 4, 1])
    few = BoundedMean.of(values, UNIT, names)
    many = few.at(40_000)
    assert many.value == few.value
    assert few.bounds().lower < many.bounds().lower < few.value < many.bounds().upper < few.bounds().upper


def test_each_value_needs_a_cluster():
    with pytest.raises(ValueError, match="2 values but 1 cluster names"):
        BoundedMean.of([0.0, 1.0], UNIT, ["a"])
