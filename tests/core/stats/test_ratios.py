import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from seatrial.stats import ClusteredDrop, Drop, PairedDrop, tang_interval

# Fagerland, Lydersen, Laake: Statistical Analysis of Contingency Tables, chapter 8; data of Cavo et al. (2012).
CAVO = {"both": 59, "only_first": 6, "only_second": 16, "n": 161}


def test_tangs_interval_of_the_published_example():
    assert tang_interval(**CAVO) == (pytest.approx(0.7476, abs=5e-5), pytest.approx(0.9876, abs=5e-5))


def likelihood_score(both, only_first, only_second, n, ratio):
    """The score statistic with the constrained likelihood maximised numerically, not by the closed form."""
    rest = n - both - only_first - only_second

    def negative(alone):
        # at the optimum p_neither is rest / n, so p11 + p10 + p01 = 1 - rest / n and p11 + p10 = ratio (p11 + p01)
        some = 1 - rest / n
        p11 = (some - alone) / ratio - alone
        p10 = some - alone - p11
        if min(p11, p10, alone) <= 0:
            return math.inf
        return -(both * math.log(p11) + only_first * math.log(p10) + only_second * math.log(alone))

    some = 1 - rest / n
    alone = minimize_scalar(
        negative, bounds=(max(0, some * (1 - ratio)), some / (1 + ratio)), method="bounded", options={"xatol": 1e-12}
    ).x
    p11 = (some - alone) / ratio - alone
    p10 = some - alone - p11
    return (both + only_first - ratio * (both + only_second)) / math.sqrt(n * ratio * (p10 + alone))


def test_the_closed_form_is_the_likelihoods_maximum():
    low, high = tang_interval(**CAVO)
    assert likelihood_score(ratio=low, **CAVO) == pytest.approx(1.959964, abs=1e-4)
    assert likelihood_score(ratio=high, **CAVO) == pytest.approx(-1.959964, abs=1e-4)


TABLES = st.lists(st.integers(0, 40), min_size=4, max_size=4)


@given(TABLES)
def test_a_drop_lies_within_its_bounds_and_they_have_a_width(cells):
    both, only_after, only_before, _neither = cells
    if both + only_before == 0:
        with pytest.raises(ValueError, match="denominator is 0"):
            tang_interval(both, only_after, only_before, max(1, sum(cells)))
        return
    drop = PairedDrop(both, only_after, only_before, sum(cells))
    bounds = drop.bounds()
    assert drop.value - 1e-9 <= bounds.upper <= 1
    assert bounds.lower is None or bounds.lower <= drop.value + 1e-9
    assert bounds.lower is None or bounds.upper - bounds.lower > 1e-3


@pytest.mark.parametrize("n", [50, 150])
@pytest.mark.parametrize("drop", [0.05, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("lucky", [0.0, 0.03])
def test_a_drop_on_the_threshold_passes_a_ceiling_at_most_one_time_in_twenty(n, drop, lucky):
    before = 0.89
    after = before * (1 - drop)
    cells = [after - lucky, lucky, before - after + lucky, 1 - before - lucky]
    draws = np.random.default_rng(9).multinomial(n, cells, size=20_000)
    tables, counts = np.unique(draws, axis=0, return_counts=True)
    bounds = [PairedDrop(*map(int, table[:3]), n).bounds() for table in tables]
    allowed = (0.05 + 3 * np.sqrt(0.05 * 0.95 / len(draws))) * len(draws)
    assert sum(c for c, b in zip(counts, bounds, strict=True) if b.upper <= drop) <= allowed
    assert sum(c for c, b in zip(counts, bounds, strict=True) if b.lower is not None and b.lower >= drop) <= allowed


def test_too_few_right_before_leave_the_drop_without_a_lower_bound():
    bounds = PairedDrop(0, 0, 1, 400).bounds()
    assert bounds.upper == 1.0
    assert bounds.lower is not None or bounds.missing == "too few items are right before to bound the drop from below"


def test_fiellers_bounds_are_where_the_t_statistic_reaches_its_quantile():
    rng = np.random.default_rng(4)
    before = rng.normal(10, 2, 40)
    after = before * rng.normal(0.7, 0.1, 40)
    bounds = Drop.of(after, before).bounds()
    for drop, sign in ((bounds.lower, -1), (bounds.upper, 1)):
        residual = after - (1 - drop) * before
        statistic = residual.mean() / (residual.std(ddof=1) / np.sqrt(40))
        assert statistic == pytest.approx(sign * student.ppf(0.95, 39), rel=1e-6)


def test_simulated_coverage_of_fieller():
    rng = np.random.default_rng(6)
    before = rng.normal(10, 3, (4000, 30))
    after = 0.6 * before + rng.normal(0, 2, (4000, 30))
    bounds = [Drop.of(a, b).bounds() for a, b in zip(after, before, strict=True)]
    allowed = 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(bounds))
    assert np.mean([b.lower > 0.4 for b in bounds]) <= allowed
    assert np.mean([b.upper < 0.4 for b in bounds]) <= allowed


@pytest.mark.parametrize(
    ("after", "before", "reason"),
    [
        ([1.0], [2.0], "1 pair of no known limits: fewer than 10"),
        ([0.5, 1.0, 1.5] * 4, [1.0, 2.0, 3.0] * 4, "all pairs show the same ratio, so there are no bounds"),
        ([1.0, -1.0] * 6, [1.0, -1.0] * 5 + [0.5, 0.0], "the mean before could be 0, so the drop has no bounds"),
    ],
)
def test_a_sample_that_can_not_bound_the_drop_says_why(after, before, reason):
    bounds = Drop.of(after, before).bounds()
    assert (bounds.lower, bounds.upper) == (None, None)
    assert bounds.missing.startswith(reason)


def test_a_drop_from_zero_is_undefined():
    with pytest.raises(ValueError, match="undefined: the mean before is 0"):
        Drop.of([1.0, 2.0], [1.0, -1.0])


def outcomes(cells, clusters, sizes):
    """Rows that are right after, right before, and their clusters; each cluster's rows are alike."""
    after, before = np.array([(1, 1), (1, 0), (0, 1), (0, 0)], dtype=float)[cells].T
    names = np.repeat(np.arange(clusters), sizes)
    return after[names], before[names], names


def test_a_drop_of_clusters_is_that_over_rows_and_its_bounds_are_of_the_clusters():
    after, before, names = outcomes([0, 0, 0, 2, 2, 3], 6, [1, 1, 1, 40, 1, 1])
    drop = ClusteredDrop.of(after, before, names)
    assert (drop.value, drop.n) == (pytest.approx(1 - 3 / 44), 6)
    bounds = drop.bounds()
    assert bounds.lower < drop.value < bounds.upper
    assert bounds.upper - bounds.lower > 0.5
    assert bounds.method == "Gaffke (paired, clusters)"


def test_copies_of_one_pair_are_one_pair():
    copied = ClusteredDrop.of([0.0] * 300, [1.0] * 300, ["a"] * 300)
    assert copied.bounds().lower == pytest.approx(ClusteredDrop.of([0.0], [1.0], ["a"]).bounds().lower)
    assert copied.bounds().lower < 0.1
    assert PairedDrop(0, 0, 300, 300).bounds().lower > 0.95  # what 300 pairs would show


@pytest.mark.parametrize("drop", [0.05, 0.5])
@pytest.mark.parametrize("kind", ["equal", "skewed"])
def test_a_drop_of_clusters_on_the_threshold_passes_a_ceiling_at_most_one_time_in_twenty(kind, drop):
    rng = np.random.default_rng(9)
    cells, passed = [0.89 * (1 - drop) - 0.02, 0.02, 0.89 * drop + 0.02, 0.09], []
    for _ in range(250):
        sizes = np.full(30, 3) if kind == "equal" else 1 + rng.pareto(1.5, 30).astype(int)
        bounds = ClusteredDrop.of(*outcomes(rng.choice(4, p=cells, size=30), 30, sizes)).bounds()
        passed.append((bounds.upper <= drop, bounds.lower is not None and bounds.lower >= drop))
    assert np.mean(passed, axis=0).max() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)


def test_a_drop_of_numbers_counts_clusters_as_their_totals():
    after, before, names = (
        [0.2, 0.5, 0.4, 0.7, 0.1] * 4,
        [0.6, 0.9, 0.8, 1.0, 0.5] * 4,
        [*"aabcc", *"ddeff", *"gghii", *"jjkll"],
    )
    found = Drop.of(after, before, names)
    assert (found.value, found.n) == (pytest.approx(1 - 1.9 / 3.8), 12)
    totals = Drop.of([0.7, 0.4, 0.8] * 4, [1.5, 0.8, 1.5] * 4)
    assert (found.bounds().lower, found.bounds().upper) == pytest.approx((totals.bounds().lower, totals.bounds().upper))
    assert found.bounds().method == "Fieller (paired, clusters)"
    assert Drop.of([0.2, 0.1], [0.5, 0.5], ["a", "a"]).bounds().missing.startswith("1 cluster of no known limits")


@pytest.mark.parametrize(
    ("after", "before", "message"), [([0.5], [1.0], "0 or 1"), ([1.0], [0.0], "nothing is right before")]
)
def test_what_is_no_drop_of_outcomes_is_refused(after, before, message):
    with pytest.raises(ValueError, match=message):
        ClusteredDrop.of(after, before, ["a"])
