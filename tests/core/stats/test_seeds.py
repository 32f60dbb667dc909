import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from seatrial.stats import BoundedMean, Mean, PairedDifference, Proportion, SeedMean, SeedScores

UNIT = (0.0, 1.0)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=6).filter(lambda values: np.var(values) > 1e-6))
def test_without_limits_the_seeds_are_bounded_by_students_t(values):
    below, above = SeedScores(tuple(values)).distances()
    interval = ttest_1samp(values, 0, alternative="greater").confidence_interval()
    assert np.mean(values) - below == pytest.approx(interval.low, rel=1e-6, abs=1e-6)
    assert above == below


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_between_limits_the_seeds_leave_at_least_as_much_and_stay_within_them(values):
    plain = SeedScores(tuple(values)).distances()
    below, above = SeedScores(tuple(values), UNIT).distances()
    mean = np.mean(values)
    assert below == pytest.approx(min(max(below, plain[0]), mean))
    assert above == pytest.approx(min(max(above, plain[1]), 1 - mean))


def test_the_lower_bound_is_where_the_spread_at_the_bound_would_reach_the_mean():
    values = (0.96, 0.94, 0.95)
    below, _ = SeedScores(values, UNIT).distances()
    bound, mean = 0.95 - below, 0.95
    spread = 0.01 * bound * (1 - bound) / (mean * (1 - mean))
    assert mean - bound == pytest.approx(student.ppf(0.95, 2) * spread / math.sqrt(3))


def test_a_score_with_the_other_sign_has_its_distances_the_other_way_round():
    scores = SeedScores((0.9, 0.95), UNIT)
    assert scores.negated().distances() == pytest.approx(scores.distances()[::-1])


def test_seeds_that_agree_leave_the_items_bounds():
    alike = SeedMean((Proportion(90, 100), Proportion(90, 100)), (SeedScores((0.9, 0.9), UNIT),))
    one = Proportion(90, 100).bounds()
    assert (alike.bounds().lower, alike.bounds().upper) == pytest.approx((one.lower, one.upper))
    assert alike.bounds().method == "Clopper-Pearson, seeds by Student t (MOVER)"
    assert (alike.n, alike.value) == (100, 0.9)


def test_seeds_that_differ_widen_the_bounds_whatever_the_number_of_items():
    scores = SeedScores((0.88, 0.92), UNIT)
    found = SeedMean((Proportion(88, 100), Proportion(92, 100)), (scores,))
    assert found.bounds().lower < Proportion(90, 100).bounds().lower
    endless = found.at(10**8).bounds()
    assert endless.lower == pytest.approx(0.9 - scores.distances()[0], abs=1e-3)
    assert endless.upper == pytest.approx(0.9 + scores.distances()[1], abs=1e-3)


def test_the_seeds_of_two_systems_are_added_as_squares():
    ours, theirs = SeedScores((3.0, 5.0)), SeedScores((1.0, 2.0, 3.0)).negated()
    found = SeedMean((Mean(2.0, 1.0, 50), Mean(2.0, 1.0, 50)), (ours, theirs))
    items = 2.0 - Mean(2.0, 1.0, 50).bounds().lower
    assert 2.0 - found.bounds().lower == pytest.approx(math.hypot(items, ours.distances()[0], theirs.distances()[0]))


def test_one_seed_without_bounds_leaves_the_mean_without():
    found = SeedMean((Mean.of([1.0] * 12), Mean.of([1.0, 2.0] * 6)), (SeedScores((1.0, 1.5)),)).bounds()
    assert (found.lower, found.upper) == (None, None)
    assert "all 12 values are the same" in found.missing


def crossed(rng, items, seeds, truth, item_effect, seed_effect):
    """Answers of each seed to each item, 1 with probability `truth`: crossed random effects on the probit scale."""
    at = ndtri(truth) * math.sqrt(1 + item_effect**2 + seed_effect**2)
    effects = item_effect * rng.normal(size=(1, items)) + seed_effect * rng.normal(size=(seeds, 1))
    return (rng.random((seeds, items)) < ndtr(at + effects)).astype(float)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize(("items", "truth"), [(30, 0.5), (300, 0.9), (300, 0.95)])
@pytest.mark.parametrize("seed_effect", [0.0, 0.1, 0.3])
def test_a_share_on_the_threshold_passes_at_most_one_time_in_twenty(seeds, items, truth, seed_effect):
    rng = np.random.default_rng(7)
    passed, draws = [], 800
    for _ in range(draws):
        right = crossed(rng, items, seeds, truth, 1.0, seed_effect).sum(axis=1)
        estimates = tuple(Proportion(int(k), items) for k in right)
        bounds = SeedMean(estimates, (SeedScores(tuple(right / items), UNIT),)).bounds()
        passed.append((bounds.lower >= truth, bounds.upper <= truth))
    assert np.mean(passed, axis=0).max() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_effect", [0.0, 0.2])
def test_a_difference_to_a_base_without_seeds_on_the_margin_passes_at_most_one_time_in_twenty(seeds, seed_effect):
    rng = np.random.default_rng(8)
    passed, draws = [], 250
    for _ in range(draws):
        answers = crossed(rng, 150, seeds, 0.9, 1.0, seed_effect)
        base = (rng.random(150) < 0.9).astype(float)
        estimates = tuple(PairedDifference(int((row > base).sum()), int((row < base).sum()), 150) for row in answers)
        bounds = SeedMean(estimates, (SeedScores(tuple(answers.mean(axis=1)), UNIT),)).bounds()
        passed.append((bounds.lower >= 0, bounds.upper <= 0))
    assert np.mean(passed, axis=0).max() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_items_alone_would_pass_it_far_more_often():
    rng, passed = np.random.default_rng(7), []
    for _ in range(400):
        answers = crossed(rng, 300, 3, 0.9, 1.0, 0.3)
        passed.append(BoundedMean.of(answers.mean(axis=0), UNIT).bounds().lower >= 0.9)
    assert np.mean(passed) > 0.1
