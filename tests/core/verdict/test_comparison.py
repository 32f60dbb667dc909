import math

import pytest

from seatrial import Metric, Sample
from seatrial.evaluation.samples import samples_to_table
from seatrial.stats import BoundedMean, Mean, PairedDifference
from seatrial.verdict.comparison import compare

ACCURACY = Metric("accuracy", "correct", "proportion", "higher", "")
ERRORS = Metric("errors", "correct", "proportion", "lower", "")
F1 = Metric("f1", "correct", "mean", "higher", "", limits=(0.0, 1.0))
TOKENS = Metric("tokens", "correct", "mean", "lower", "", unit="tokens")
P50 = Metric("p50", "correct", "percentile", "lower", "", q=50)


def table(system, values, *, rows=None, targets=None, prompts=None, errors=None):
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
    return samples_to_table(system, samples, ["correct"])


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
        (table("base", [1.0] * 3, targets={"row-1": "other"}), "1 of 3 rows have different targets for tuned and base"),
        (table("base", [1.0] * 3, targets={"row-1": None}), "1 of 3 rows have different targets for tuned and base"),
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
