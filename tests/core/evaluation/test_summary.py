import json
import math
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Metric, Sample
from seatrial.evaluation.observation import observe
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import estimate, exact_score, summarise
from seatrial.stats import ClusteredPercentile, Proportion, clopper_pearson_bounds, wilson_interval

ACCURACY = Metric("accuracy", "correct", "proportion", "higher", "Share of right answers.")
F1 = Metric("f1", "f1", "mean", "higher", "Mean token F1.", limits=(0.0, 1.0))
QUERIES = Metric("queries", "queries", "mean", "lower", "Mean queries an item.", unit="queries")
P50 = Metric("ttft_p50_ms", "ttft", "percentile", "lower", "Median TTFT.", unit="ms", q=50)
PEAK = Metric("peak_bytes", "bytes", "maximum", "lower", "Peak memory.", unit="bytes")
PDR = Metric("drop", "after", "ratio_of_means", "lower", "Performance drop rate.", over="before")
TOKENS = Metric("tokens", "tokens", "exact", "lower", "Tokens generated.", unit="tokens")


def table(column_values, system="tuned", errors=None, clusters=None, seed=None):
    """Samples of one system with one column; `clusters` names that of each row."""
    columns = {"correct": column_values} if not isinstance(column_values, dict) else column_values
    length = len(next(iter(columns.values())))
    samples = [
        Sample(f"row-{i}", {name: values[i] for name, values in columns.items()}, error=(errors or {}).get(i))
        for i in range(length)
    ]
    named = {f"row-{i}": name for i, name in enumerate(clusters or ()) if name is not None}
    return samples_to_table(system, samples, tuple(columns), clusters=named, seed=seed)


def test_a_proportion_carries_n_and_wilsons_interval():
    score = summarise(ACCURACY, "choice", "tuned", table([1.0] * 145 + [0.0] * 18))
    assert (score.metric, score.system, score.n, score.kind) == ("choice/accuracy", "tuned", 163, "proportion")
    assert score.value == pytest.approx(145 / 163)
    assert (score.interval.low, score.interval.high) == pytest.approx(wilson_interval(145, 163))
    assert (score.interval.method, score.interval.level, score.missing) == ("Wilson", 0.95, None)


def test_only_the_systems_own_samples_count():
    both = pa.concat_tables([table([1.0, 1.0]), table([0.0, 0.0, 0.0], system="base")])
    assert summarise(ACCURACY, "choice", "base", both).value == 0.0
    assert summarise(ACCURACY, "choice", "tuned", both).n == 2


def test_not_applicable_is_left_out_of_n():
    score = summarise(ACCURACY, "attack", "tuned", table([1.0, None, 0.0, None]))
    assert (score.value, score.n) == (0.5, 2)


def test_one_failed_sample_makes_the_score_missing_and_names_the_first():
    score = summarise(ACCURACY, "choice", "tuned", table([1.0, 1.0, 0.0], errors={1: "out of memory", 2: "later"}))
    assert score.value is None
    assert score.missing == "2 of 3 samples failed; the first, row-1: out of memory"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_makes_the_score_missing(bad):
    score = summarise(ACCURACY, "choice", "tuned", table([1.0, bad, None, bad]))
    assert (score.value, score.interval) == (None, None)
    assert score.missing == "correct is NaN or infinite in 2 of 3 samples; the first is row-1"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (None, "there are no samples"),
        (table([]), "there are no samples"),
        (table([1.0], system="base"), "there are no samples of tuned"),
        (table([None, None]), "correct applies to none of the 2 samples"),
        (table({"other": [1.0]}), "the samples have no value called correct"),
        (table([1.0, 0.5, 2.0]), "correct is neither 0 nor 1 in 2 of 3 samples, such as 0.500"),
    ],
)
def test_samples_that_give_no_score_say_why(samples, reason):
    score = summarise(ACCURACY, "choice", "tuned", samples)
    assert (score.value, score.interval, score.missing) == (None, None, reason)


def test_a_column_of_text_is_no_number():
    samples = table([1.0]).drop_columns(["value:correct"]).append_column("value:correct", pa.array(["1"]))
    assert (
        summarise(ACCURACY, "choice", "tuned", samples).missing
        == "the samples' correct is of type string, not a number"
    )


def test_a_bounded_mean_of_ones_has_an_interval_with_a_width():
    score = summarise(F1, "generation", "tuned", table({"f1": [1.0] * 20}))
    assert score.value == 1.0
    assert score.interval.low == pytest.approx(0.025 ** (1 / 20))
    assert score.interval.method == "Clopper-Pearson"


def test_an_unbounded_mean_of_equal_values_has_a_value_but_no_interval():
    score = summarise(QUERIES, "attack", "tuned", table({"queries": [7.0] * 15}))
    assert (score.value, score.interval) == (7.0, None)
    assert score.missing.startswith("no interval: all 15 values are the same")


def test_values_outside_the_limits_make_a_mean_missing():
    score = summarise(F1, "generation", "tuned", table({"f1": [0.5, 1.2]}))
    assert score.missing == "f1 is outside 0 to 1 in 1 of 2 samples"


@pytest.mark.parametrize(("after", "before", "column"), [([0, 2], [1, 1], "after"), ([0, 1], [1, 2], "before")])
def test_values_outside_the_limits_of_its_columns_make_a_ratio_missing(after, before, column):
    score = summarise(replace(PDR, limits=(0.0, 1.0)), "attack", "tuned", table({"after": after, "before": before}))
    assert score.missing == f"{column} is outside 0 to 1 in 1 of 2 samples"


def test_a_percentile_has_order_statistics_or_says_that_they_are_too_few():
    assert (
        summarise(P50, "latency", "tuned", table({"ttft": [float(i) for i in range(44)]})).interval.method
        == "order statistics"
    )
    few = summarise(P50, "latency", "tuned", table({"ttft": [1.0, 2.0, 3.0]}))
    assert (few.value, few.interval) == (2.0, None)
    assert few.missing == "no interval: 3 values are too few for a 97.5% lower or upper bound of percentile 50"


def test_a_maximum_is_a_census_without_interval():
    score = summarise(PEAK, "latency", "tuned", table({"bytes": [5.0, 9.0, 7.0]}))
    assert (score.value, score.n, score.interval) == (9.0, 3, None)
    assert score.missing == "no interval: a census of what was run, without sampling error"


def test_an_exact_metric_over_samples_is_their_sum():
    assert summarise(TOKENS, "generation", "tuned", table({"tokens": [5.0, 9.0, 7.0]})).value == 21.0


def test_a_drop_is_computed_over_pairs():
    samples = table({"after": [1.0] * 10 + [0.0] * 40, "before": [1.0] * 40 + [0.0] * 10})
    score = summarise(PDR, "attack", "tuned", samples)
    assert score.value == pytest.approx(0.75)
    assert score.interval.low < 0.75 < score.interval.high
    assert score.interval.method == "Tang score (paired, continuity-corrected)"


def test_a_drop_of_numbers_is_bounded_by_fieller():
    samples = table({"after": [0.2, 0.5, 0.4, 0.7] * 3, "before": [0.6, 0.9, 0.8, 1.0] * 3})
    assert summarise(PDR, "attack", "tuned", samples).interval.method == "Fieller (paired)"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"after": [0.0, 0.0], "before": [0.0, 0.0]}, "the mean of before is 0, so the ratio is undefined"),
        (
            {"after": [0.0, None], "before": [0.0, 1.0]},
            "after and before apply to different samples: 1 have only one of them",
        ),
        (
            {"after": [0.0, 1.0], "before": [1.0, math.nan]},
            "before is NaN or infinite in 1 of 2 samples; the first is row-1",
        ),
        ({"after": [0.0, 1.0]}, "the samples have no value called before"),
    ],
)
def test_a_drop_that_is_undefined_says_why(columns, reason):
    score = summarise(PDR, "attack", "tuned", table(columns))
    assert (score.value, score.missing) == (None, reason)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (
            Metric("p", "correct", "percentile", "lower", ""),
            "metric p doesn't say which percentile it is (`q`, between 0 and 100)",
        ),
        (Metric("r", "correct", "ratio_of_means", "lower", ""), "metric r doesn't say what it is a ratio to (`over`)"),
        (
            Metric("m", "correct", "mean", "higher", "", limits=(1.0, 1.0)),
            "metric m has the limits 1 and 1; they must be numbers, the lower one first",
        ),
        (
            Metric("m", "correct", "mean", "higher", "", limits=(0.0, math.inf)),
            "metric m has the limits 0 and inf; they must be numbers, the lower one first",
        ),
        (
            Metric("p", "correct", "percentile", "higher", "", q=math.nan),
            "metric p doesn't say which percentile it is (`q`, between 0 and 100)",
        ),
    ],
)
def test_a_descriptor_that_is_incomplete_makes_the_score_missing(metric, reason):
    assert summarise(metric, "x", "tuned", table([1.0, 0.0])).missing == reason


VALUES = st.lists(st.none() | st.floats() | st.sampled_from([0.0, 1.0]), max_size=20)
METRICS = st.sampled_from([ACCURACY, F1, QUERIES, P50, PEAK, PDR, TOKENS])


@given(METRICS, VALUES, VALUES)
def test_a_score_is_finite_or_missing_with_a_reason_whatever_the_samples_hold(metric, values, others):
    length = min(len(values), len(others))
    columns = {
        name: (values if name != "before" else others)[:length]
        for name in {metric.column, metric.over or metric.column}
    }
    score = summarise(metric, "s", "tuned", table(columns))
    used = [value for value in values[:length] if value is not None]
    if any(not math.isfinite(value) for value in used) or not used:
        assert score.value is None
    assert (score.value is None and score.missing) or math.isfinite(score.value)
    assert score.interval is not None or score.missing
    if score.interval is not None:
        assert score.interval.low <= score.interval.high
        assert json.loads(json.dumps([score.interval.low, score.interval.high], allow_nan=False))


def test_what_is_missing_or_a_census_is_not_estimated():
    with pytest.raises(ValueError, match="accuracy: there are no samples"):
        estimate(ACCURACY, observe(ACCURACY, "tuned", None))
    with pytest.raises(ValueError, match="a maximum is not estimated"):
        estimate(PEAK, observe(PEAK, "tuned", table({"bytes": [1.0]})))


def test_an_exact_score_is_its_number():
    score = exact_score("leakage/dropped", 12, n=2026, unit="rows")
    assert (score.value, score.n, score.kind, score.system, score.unit) == (12.0, 2026, "exact", "data", "rows")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"value": None}, "it was not measured"),
        ({"value": None, "missing": "the stage did not run"}, "the stage did not run"),
        ({"value": 1, "n": 0}, "there was nothing to measure"),
        ({"value": math.nan}, "the number is NaN or infinite"),
        ({"value": math.inf}, "the number is NaN or infinite"),
        ({"value": 3, "missing": "the stage did not run"}, "the stage did not run"),
    ],
)
def test_an_exact_score_of_nothing_is_missing(arguments, reason):
    score = exact_score("leakage/dropped", **arguments)
    assert (score.value, score.missing) == (None, reason)


def test_five_hundred_copies_of_one_row_count_as_one():
    score = summarise(ACCURACY, "choice", "tuned", table([1.0] * 500, clusters=["c"] * 500))
    assert (score.value, score.n, score.clusters) == (1.0, 500, 1)
    assert (score.interval.low, score.interval.high) == pytest.approx(clopper_pearson_bounds(1, 1, 0.975))
    assert score.interval.method == "Clopper-Pearson (clusters)"


def test_rows_of_one_cluster_weigh_as_rows_and_count_together():
    values, clusters = [1.0, 1.0, 0.0, 1.0, 0.0], ["a", "a", "a", None, None]
    score = summarise(ACCURACY, "choice", "tuned", table(values, clusters=clusters))
    assert (score.value, score.n, score.clusters, score.seeds) == (0.6, 5, 3, None)
    assert score.interval.method == "Gaffke (clusters)"
    assert score.interval.low < 0.1


def test_where_no_row_repeats_another_clusters_change_nothing():
    values = [1.0] * 145 + [0.0] * 18
    alone = summarise(ACCURACY, "choice", "tuned", table(values))
    assert summarise(ACCURACY, "choice", "tuned", table(values, clusters=[str(i) for i in range(163)])) == alone
    assert alone.clusters is None
    older = table(values).drop_columns(["cluster", "seed"])
    assert summarise(ACCURACY, "choice", "tuned", older) == alone


def test_two_samples_of_one_row_are_one_observation():
    twice = pa.concat_tables([table([1.0, 0.0]), table([1.0, 0.0])])
    score = summarise(ACCURACY, "choice", "tuned", twice)
    assert (score.n, score.clusters) == (4, 2)


@pytest.mark.parametrize(
    ("metric", "method"),
    [
        (F1, "Gaffke (clusters)"),
        (QUERIES, "Fieller (clusters)"),
        (P50, "order statistics (clusters)"),
        (PDR, "Gaffke (paired, clusters)"),
    ],
)
def test_every_kind_counts_clusters(metric, method):
    values = [0.0, 1.0, 1.0] * 20 if metric is PDR else [(i * 37 % 50) / 100 for i in range(60)]
    columns = {metric.column: values} | ({"before": [1.0] * 60} if metric is PDR else {})
    alone = summarise(metric, "s", "tuned", table(columns))
    paired = summarise(metric, "s", "tuned", table(columns, clusters=[str(i % 20) for i in range(60)]))
    assert (paired.n, paired.clusters, paired.interval.method) == (60, 20, method)
    assert paired.value == pytest.approx(alone.value)


def test_clusters_are_counted_where_the_metric_applies():
    values, clusters = [1.0, None, 0.0, None], ["a", "a", "b", "b"]
    score = summarise(ACCURACY, "attack", "tuned", table(values, clusters=clusters))
    assert (score.n, score.clusters) == (2, None)
    assert score.interval.method == "Wilson"


def seeded(*columns, clusters=None, metric="correct"):
    """A tuned system's samples, one column of values for each seed."""
    return pa.concat_tables(
        [table({metric: values}, clusters=clusters, seed=seed) for seed, values in enumerate(columns)]
    )


def test_a_score_of_several_seeds_is_their_mean_and_its_interval_holds_their_spread():
    one, other = [1.0] * 90 + [0.0] * 10, [1.0] * 80 + [0.0] * 20
    score = summarise(ACCURACY, "choice", "tuned", seeded(one, other))
    assert (score.value, score.n, score.seeds, score.clusters) == (pytest.approx(0.85), 100, 2, None)
    assert score.interval.method == "Clopper-Pearson, seeds by Student t (MOVER)"
    # Two seeds that lie 0.1 apart show next to nothing: t with one degree of freedom is 12.7 at 97.5%.
    assert score.interval.high - score.interval.low > 0.5


def test_one_seed_has_the_numbers_of_none():
    values = [1.0] * 90 + [0.0] * 10
    alone, one = summarise(ACCURACY, "s", "tuned", table(values)), summarise(ACCURACY, "s", "tuned", seeded(values))
    assert (alone.seeds, one.seeds) == (None, 1)
    assert (one.value, one.n, one.interval) == (alone.value, alone.n, alone.interval)


def test_seeds_count_clusters_too():
    score = summarise(
        ACCURACY, "s", "tuned", seeded([1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], clusters=["a", "a", "b", None])
    )
    assert (score.value, score.n, score.clusters, score.seeds) == (0.75, 4, 3, 2)
    assert score.interval.method.startswith("Gaffke (clusters)")


def test_seeds_of_other_rows_make_the_score_missing():
    score = summarise(ACCURACY, "s", "tuned", seeded([1.0, 1.0], [1.0, 1.0, 1.0]))
    assert (score.value, score.missing) == (
        None,
        "seeds 0 and 1 were scored on different rows: 1 only for one of them",
    )


def test_a_seed_to_which_nothing_applies_makes_the_score_missing():
    score = summarise(ACCURACY, "s", "tuned", seeded([1.0, 0.0], [None, None]))
    assert (score.value, score.missing) == (None, "correct applies to none of the samples of seed 1")


def test_a_count_over_seeds_is_their_mean_and_a_maximum_the_largest():
    assert summarise(TOKENS, "s", "tuned", seeded([5.0, 9.0], [6.0, 10.0], metric="tokens")).value == 15.0
    peak = summarise(PEAK, "s", "tuned", seeded([5.0, 9.0], [6.0, 10.0], metric="bytes"))
    assert (peak.value, peak.n, peak.seeds) == (10.0, 2, 2)


def test_a_percentile_over_seeds_is_the_mean_of_theirs():
    score = summarise(
        P50, "s", "tuned", seeded([float(i) for i in range(30)], [float(i + 4) for i in range(30)], metric="ttft")
    )
    assert score.value == 16.5
    assert score.interval.low < 14.5


def test_an_estimate_counts_clusters_where_there_are_some():
    assert estimate(ACCURACY, observe(ACCURACY, "tuned", table([1.0, 0.0]))) == Proportion(1, 2)
    found = estimate(P50, observe(P50, "tuned", table({"ttft": [1.0, 2.0, 3.0]}, clusters=["a", "a", "b"])))
    assert isinstance(found, ClusteredPercentile)
    assert found.n == 2
