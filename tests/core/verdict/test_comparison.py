import math
from dataclasses import replace

import pyarrow as pa
import pytest

from seatrial import Metric, Sample
from seatrial.evaluation.samples import samples_to_table
from seatrial.stats import BoundedMean, ClusteredMean, Mean, PairedDifference, SeedScores
from seatrial.verdict.comparison import compare

ACCURACY = Metric("accuracy", "correct", "proportion", "higher", "")
ERRORS = Metric("errors", "correct", "proportion", "lower", "")
F1 = Metric("f1", "correct", "mean", "higher", "", limits=(0.0, 1.0))
TOKENS = Metric("tokens", "correct", "mean", "lower", "", unit="tokens")
P50 = Metric("p50", "correct", "percentile", "lower", "", q=50)


def table(system, values, *, rows=None, targets=None, prompts=None, errors=None, clusters=None, seed=None):
    rows = rows or [f"row-{i}" for i in range(len(values))]
    samples = [
        Sample(
            row,
            {"correct": value},
            target=(targets or {}).get(row, "label"),
            prompt_hash=(prompts or {}).get(row, "same"),
            error=(errors or {}).get(row),
        )
        for row, value in zip(rows, values, strict=True)
    ]
    return samples_to_table(system, samples, ["correct"], clusters=clusters, seed=seed)


def test_rows_are_paired_by_name_whatever_their_order():
    ours = table("tuned", [1.0, 0.0, 1.0], rows=["a", "b", "c"])
    theirs = table("base", [1.0, 0.0, 0.0], rows=["c", "b", "a"])
    found = compare(ACCURACY, ("tuned", ours), ("base", theirs), same_prompts=True)
    assert found.improvement == PairedDifference(1, 0, 3)
    assert found.note == "better on 1 items and worse on 0, exact one-sided McNemar p = 0.500"
    assert (found.subject_value, found.other_value) == (pytest.approx(2 / 3), pytest.approx(1 / 3))


def test_a_p_value_too_small_to_show_is_not_shown_as_none():
    ours, theirs = table("tuned", [1.0] * 12), table("base", [0.0] * 12)
    found = compare(ACCURACY, ("tuned", ours), ("base", theirs), same_prompts=True)
    assert found.note == "better on 12 items and worse on 0, exact one-sided McNemar p < 0.001"


def test_better_is_positive_where_lower_is_better():
    ours, theirs = table("tuned", [0.0, 0.0, 1.0]), table("base", [1.0, 1.0, 1.0])
    found = compare(ERRORS, ("tuned", ours), ("base", theirs), same_prompts=True)
    assert found.improvement.value == pytest.approx(2 / 3)


def test_a_mean_is_compared_by_its_differences():
    ours, theirs = table("tuned", [5.0, 9.0, 4.0]), table("base", [7.0, 9.0, 8.0])
    found = compare(TOKENS, ("tuned", ours), ("base", theirs), same_prompts=True)
    assert found.improvement == Mean.of([2.0, 0.0, 4.0])
    assert found.detectable == pytest.approx((1.644854 + 0.841621) * 2 / math.sqrt(3), rel=1e-5)


def test_equal_bounded_means_keep_an_interval_with_a_width():
    ours = table("tuned", [0.5] * 30)
    found = compare(F1, ("tuned", ours), ("base", table("base", [0.5] * 30)), same_prompts=True)
    assert isinstance(found.improvement, BoundedMean)
    bounds = found.improvement.bounds()
    assert bounds.lower < -0.01 < 0.01 < bounds.upper


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (
            table("base", [1.0, 1.0], rows=["row-0", "row-9"]),
            "they were scored on different rows: 2 only for tuned, 1 only for base",
        ),
        (
            table("base", [1.0, 1.0, 1.0], rows=["row-0", "row-1", "row-1"]),
            "base has 3 samples of 2 rows, so rows can't be paired",
        ),
        (
            table("base", [1.0] * 3, targets={"row-1": "other"}),
            "1 of 3 rows have different targets for tuned and base, such as 'label' and 'other'",
        ),
        (
            table("base", [1.0] * 3, targets={"row-1": None}),
            "1 of 3 rows have different targets for tuned and base, such as 'label' and None",
        ),
        (
            table("base", [1.0] * 3, prompts={"row-0": "x", "row-2": "y"}),
            "2 of 3 rows have different prompts for tuned and base",
        ),
        (table("base", [1.0, None, 1.0]), "correct applies to only one of tuned and base in 1 of 3 rows"),
        (
            table("base", [1.0] * 3, errors={"row-2": "timeout"}),
            "base: 1 of 3 samples failed; the first, row-2: timeout",
        ),
        (table("base", [1.0, math.nan, 1.0]), "base: correct is NaN or infinite in 1 of 3 samples; the first is row-1"),
        (table("majority", [1.0] * 3), "base: there are no samples of base"),
        (None, "base: there are no samples"),
    ],
)
def test_what_can_not_be_paired_says_why(theirs, reason):
    ours = table("tuned", [1.0, 0.0, 1.0])
    assert compare(ACCURACY, ("tuned", ours), ("base", theirs), same_prompts=True) == reason


def test_a_few_shot_system_may_have_other_prompts():
    ours = table("tuned", [1.0, 0.0])
    theirs = table("base-4shot", [0.0, 0.0], prompts={"row-0": "x", "row-1": "y"})
    assert compare(ACCURACY, ("tuned", ours), ("base-4shot", theirs), same_prompts=False).improvement.value == 0.5


def test_a_percentile_has_no_paired_test():
    ours = table("tuned", [1.0])
    reason = compare(P50, ("tuned", ours), ("base", ours), same_prompts=True)
    assert reason == "a percentile has no paired test; it can be held against a threshold"


def test_numbers_too_large_to_subtract_are_not_compared():
    ours, theirs = table("tuned", [1e308, 1.0]), table("base", [-1e308, 1.0])
    assert (
        compare(TOKENS, ("tuned", ours), ("base", theirs), same_prompts=True)
        == "the numbers are too large to be summed up"
    )


def clusters_of_ten(n):
    return {f"row-{i}": f"cluster-{i // 10}" for i in range(n)}


def test_rows_that_repeat_each_other_are_compared_as_clusters():
    ours, theirs = [1.0] * 200, [0.0] * 10 + [1.0] * 190
    alone = compare(ACCURACY, ("tuned", table("tuned", ours)), ("base", table("base", theirs)), same_prompts=True)
    found = compare(
        ACCURACY,
        ("tuned", table("tuned", ours, clusters=clusters_of_ten(200))),
        ("base", table("base", theirs)),
        same_prompts=True,
    )
    assert alone.improvement.bounds().lower > 0
    assert found.improvement.bounds().lower < 0  # one cluster of twenty
    assert found.improvement == BoundedMean.of([1.0] * 10 + [0.0] * 190, (-1.0, 1.0), [i // 10 for i in range(200)])
    assert (found.n, found.clusters, alone.clusters) == (200, 20, None)
    assert found.note == "better on 10 items and worse on 0 in 20 clusters"
    assert found.detectable > 2 * alone.detectable


def test_clusters_that_an_earlier_run_did_not_know_are_this_runs_and_the_other_way_round():
    ours, theirs = table("tuned", [1.0] * 40, clusters=clusters_of_ten(40)), table("tuned", [1.0] * 40)
    for pair in ((ours, theirs), (theirs, ours)):
        found = compare(ACCURACY, ("tuned", pair[0]), ("tuned", pair[1]), same_prompts=True)
        assert found.clusters == 4


def test_a_mean_without_limits_is_compared_by_its_clusters():
    rows = 60
    ours = table("tuned", [float(i % 7) for i in range(rows)], clusters=clusters_of_ten(rows))
    theirs = table("base", [float(i % 5) for i in range(rows)])
    found = compare(TOKENS, ("tuned", ours), ("base", theirs), same_prompts=True)
    assert isinstance(found.improvement, ClusteredMean)
    assert found.note == "mean of 60 paired differences in 6 clusters"


def test_one_cluster_shows_no_difference_as_detectable():
    ours = table("tuned", [1.0, 0.0, 1.0], clusters={f"row-{i}": "c" for i in range(3)})
    found = compare(ACCURACY, ("tuned", ours), ("base", table("base", [0.0] * 3)), same_prompts=True)
    assert (found.clusters, found.detectable) == (1, None)


def of_seeds(system, *columns):
    return pa.concat_tables([table(system, values, seed=seed) for seed, values in enumerate(columns)])


def test_each_seeds_rows_are_paired_with_those_of_a_base_without_seeds():
    one, other = [1.0] * 95 + [0.0] * 5, [1.0] * 91 + [0.0] * 9
    base = table("base", [1.0] * 80 + [0.0] * 20)
    found = compare(ACCURACY, ("tuned", of_seeds("tuned", one, other)), ("base", base), same_prompts=True)
    assert found.improvement.estimates == (PairedDifference(15, 0, 100), PairedDifference(11, 0, 100))
    assert found.improvement.systems == (SeedScores((0.95, 0.91), (0.0, 1.0)),)
    assert (found.subject_value, found.other_value, found.n, found.seeds) == (pytest.approx(0.93), 0.8, 100, 2)
    assert found.improvement.bounds().lower < PairedDifference(13, 0, 100).bounds().lower


def test_where_lower_is_better_a_seed_that_is_worse_lies_on_the_other_side():
    ours = of_seeds("tuned", [0.0] * 98 + [1.0] * 2, [0.0] * 94 + [1.0] * 6)
    found = compare(ERRORS, ("tuned", ours), ("base", table("base", [0.0] * 80 + [1.0] * 20)), same_prompts=True)
    assert found.improvement.value == pytest.approx(0.16)
    assert found.improvement.systems == (SeedScores((-0.02, -0.06), (-1.0, 0.0)),)


def test_two_systems_with_seeds_are_paired_seed_by_seed():
    ours = of_seeds("tuned", [1.0] * 10, [1.0] * 9 + [0.0])
    theirs = of_seeds("tuned", [1.0] * 8 + [0.0] * 2, [0.0] * 3 + [1.0] * 7, [1.0] * 9 + [0.0])
    found = compare(ACCURACY, ("tuned", ours), ("tuned", theirs), same_prompts=True)
    assert len(found.improvement.estimates) == 6
    assert [len(scores.values) for scores in found.improvement.systems] == [2, 3]
    assert found.improvement.value == pytest.approx(0.95 - 0.8)
    assert found.note == "mean of 6 paired comparisons, one for each seed"


def test_one_seed_is_compared_as_none_is():
    ours, theirs = [1.0, 0.0, 1.0], table("base", [0.0, 0.0, 1.0])
    alone = compare(ACCURACY, ("tuned", table("tuned", ours)), ("base", theirs), same_prompts=True)
    one = compare(ACCURACY, ("tuned", table("tuned", ours, seed=7)), ("base", theirs), same_prompts=True)
    assert one == replace(alone, seeds=1)


def test_rows_that_differ_in_their_targets_only_say_so():
    ours = table("tuned", [1.0] * 3, rows=["a", "b", "c"], targets={"a": "card_arrival"}, prompts={"a": "p"})
    theirs = table("tuned", [1.0] * 3, rows=["A", "b", "c"], targets={"A": "Card arrival"}, prompts={"A": "p"})
    found = compare(ACCURACY, ("tuned", ours), ("tuned", theirs), same_prompts=True, other_name="tuned of earlier")
    assert found == (
        "they were scored on different rows: 1 only for tuned, 1 only for tuned of earlier; 1 of these have the same prompt "
        "and another target, such as 'card_arrival' for tuned and 'Card arrival' for tuned of earlier: their labels or "
        "answers are written otherwise"
    )


def test_targets_of_another_style_are_named_where_the_options_made_other_prompts_too():
    ours = table("tuned", [1.0], rows=["a"], targets={"a": "card_arrival"}, prompts={"a": "p"})
    theirs = table("base", [1.0], rows=["A"], targets={"A": "Card arrival"}, prompts={"A": "q"})
    found = compare(ACCURACY, ("tuned", ours), ("base", theirs), same_prompts=True)
    assert "their targets are written otherwise, such as 'card_arrival' for tuned and 'Card arrival' for base" in found
