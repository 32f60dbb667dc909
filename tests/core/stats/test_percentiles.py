import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm, quantile_test

from seatrial.stats import ClusteredPercentile, Percentile, clopper_pearson_bounds

FLOATS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=120)


@given(FLOATS, st.floats(0.5, 99.5))
def test_the_value_is_numpys_percentile(values, q):
    assert Percentile.of(values, q).value == pytest.approx(np.percentile(values, q), rel=1e-9, abs=1e-6)


@given(st.lists(st.floats(0, 100), min_size=5, max_size=120, unique=True), st.sampled_from([10.0, 50.0, 90.0]))
def test_bounds_agree_with_scipys_quantile_test(values, q):
    bounds = Percentile.of(values, q).bounds()
    lower = quantile_test(values, p=q / 100, alternative="greater").confidence_interval(0.95).low
    upper = quantile_test(values, p=q / 100, alternative="less").confidence_interval(0.95).high
    assert bounds.lower == (None if np.isnan(lower) else lower) or np.isneginf(lower)
    assert bounds.upper == (None if np.isnan(upper) else upper) or np.isposinf(upper)


def test_published_ranks_of_a_median_of_forty_four():
    # binomial tables: P(Bin(44, .5) <= 16) = .0481 and P(Bin(44, .5) <= 17) = .0871
    bounds = Percentile.of(range(1, 45), 50).bounds()
    assert (bounds.lower, bounds.upper) == (17, 28)
    assert binom.cdf(16, 44, 0.5) < 0.05 < binom.cdf(17, 44, 0.5)


@pytest.mark.parametrize(("q", "enough"), [(90, 29), (95, 59), (99, 299)])
def test_the_fewest_values_that_bound_a_high_percentile(q, enough):
    assert Percentile.of(range(enough), q).bounds().upper == enough - 1
    too_few = Percentile.of(range(enough - 1), q).bounds()
    assert too_few.upper is None
    assert too_few.missing == f"{enough - 1} values are too few for a 95.0% upper bound of percentile {q}"


def test_a_single_value_bounds_neither_side():
    bounds = Percentile.of([5.0], 50).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert bounds.missing == "1 values are too few for a 95.0% lower or upper bound of percentile 50"


@given(FLOATS, st.floats(5, 95), st.floats(-1e6, 1e6))
def test_a_ceiling_on_a_percentile_is_a_floor_on_the_share_below_it(values, q, ceiling):
    within = int(np.sum(np.asarray(values) <= ceiling))
    lower, upper = clopper_pearson_bounds(within, len(values))
    answer = Percentile.of(values, q).bounds().at_most(ceiling)
    if abs(lower - q / 100) > 1e-9 and abs(upper - q / 100) > 1e-9:
        assert answer == ("pass" if lower >= q / 100 else "fail" if upper < q / 100 else "inconclusive")


@pytest.mark.parametrize(
    "draw", [lambda rng, shape: rng.lognormal(size=shape), lambda rng, shape: rng.poisson(3, shape)]
)
def test_simulated_bounds_miss_at_most_one_time_in_twenty_with_and_without_ties(draw):
    truth = np.percentile(draw(np.random.default_rng(1), 2_000_001), 90)
    samples = draw(np.random.default_rng(2), (3000, 44)).astype(float)
    bounds = [Percentile.of(sample, 90).bounds() for sample in samples]
    allowed = 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(samples))
    assert np.mean([b.lower is not None and b.lower > truth for b in bounds]) <= allowed
    assert np.mean([b.upper is not None and b.upper < truth for b in bounds]) <= allowed


def test_drawing_the_same_values_more_often_narrows_the_bounds_around_the_value():
    few = Percentile.of(np.random.default_rng(0).random(44), 50)
    many = few.at(44_000).bounds()
    assert few.bounds().lower < many.lower <= few.value <= many.upper < few.bounds().upper


@pytest.mark.parametrize(
    ("values", "q", "message"),
    [
        ([], 50, "all finite"),
        ([float("nan")], 50, "all finite"),
        ([1.0], 0, "percentile 0"),
        ([1.0], 100, "percentile 100"),
    ],
)
def test_what_has_no_percentile_is_refused(values, q, message):
    with pytest.raises(ValueError, match=message):
        Percentile.of(values, q)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), st.sampled_from([10, 50, 90]))
def test_clusters_of_one_value_each_are_no_clusters(values, q):
    alone, found = Percentile.of(values, q).bounds(), ClusteredPercentile.of(values, q, range(len(values))).bounds()
    assert (found.lower, found.upper) == (alone.lower, alone.upper)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(2, 6))
def test_copies_of_values_are_bounded_as_the_values_are(values, copies):
    names = np.repeat(np.arange(len(values)), copies)
    found = ClusteredPercentile.of(np.repeat(values, copies), 50, names)
    alone = Percentile.of(values, 50)
    assert found.n == alone.n == len(values)
    assert (found.bounds().lower, found.bounds().upper) == (alone.bounds().lower, alone.bounds().upper)


def test_few_clusters_bound_no_percentile_however_many_values_they_have():
    values = np.arange(500.0)
    bounds = ClusteredPercentile.of(values, 50, values % 3).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert bounds.missing == "3 clusters are too few for a 95.0% lower or upper bound of percentile 50"


@pytest.mark.parametrize("q", [50, 90])
def test_a_percentile_of_clusters_on_the_threshold_passes_at_most_one_time_in_twenty(q):
    rng = np.random.default_rng(5)
    truth, passed = norm.ppf(q / 100), []
    for _ in range(600):
        names = np.repeat(np.arange(40), 1 + rng.geometric(0.3, 40))
        values = 0.8 * rng.normal(size=40)[names] + 0.6 * rng.normal(size=names.size)
        bounds = ClusteredPercentile.of(values, q, names).bounds()
        passed.append((bounds.upper is not None and bounds.upper < truth, bounds.lower > truth))
    assert np.mean(passed, axis=0).max() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_more_of_the_same_clusters_narrow_the_bounds():
    few = ClusteredPercentile.of(range(40), 50, [n // 2 for n in range(40)])
    bounds, many = few.bounds(), few.at(2000).bounds()
    assert bounds.lower < many.lower <= few.value <= many.upper < bounds.upper
