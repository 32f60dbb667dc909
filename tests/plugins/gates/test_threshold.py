import math
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Metric, Sample
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import exact_score, summarise
from seatrial.stats import Proportion
from seatrial.verdict.evidence import SavedEvidence
from seatrial_plugins.gates import threshold

ACCURACY = Metric("accuracy", "x", "proportion", "higher", "")
F1 = Metric("f1", "x", "mean", "higher", "", limits=(0.0, 1.0))
QUERIES = Metric("queries", "x", "mean", "lower", "", unit="queries")
P50 = Metric("p50_ms", "x", "percentile", "lower", "", unit="ms", q=50)
P99 = Metric("p99_ms", "x", "percentile", "lower", "", unit="ms", q=99)
PEAK = Metric("peak", "x", "maximum", "lower", "", unit="bytes")
TOKENS = Metric("tokens", "x", "exact", "lower", "", unit="tokens")


def evidence(metric, values, *, system="tuned", errors=None, score=None, clusters=None):
    samples = [Sample(f"row-{i}", {"x": value}, error=(errors or {}).get(i)) for i, value in enumerate(values)]
    named = {f"row-{i}": name for i, name in enumerate(clusters or ())}
    table = samples_to_table(system, samples, ["x"], clusters=named)
    return SavedEvidence(
        "tuned", [score or summarise(metric, "s", system, table)], {f"s/{metric.name}": metric}, {"s": table}
    )


def ones(k, n):
    return [1.0] * k + [0.0] * (n - k)


def test_a_floor_passes_on_the_lower_bound():
    decision = threshold(metric="s/accuracy", min=0.75).decide(evidence(ACCURACY, ones(145, 163)))
    assert (decision.outcome, decision.severity, decision.n) == ("pass", "block", 163)
    assert decision.condition == "s/accuracy ≥ 0.75"
    assert decision.reason == "lower bound 0.841 ≥ 0.75 (145 of 163, Clopper-Pearson, one-sided 95%)"
    assert (decision.value, decision.method) == (pytest.approx(145 / 163), "Clopper-Pearson")
    assert decision.lower < decision.value < decision.upper
    assert decision.needed_n is None


def test_a_floor_fails_on_the_upper_bound():
    decision = threshold(metric="s/accuracy", min=0.75).decide(evidence(ACCURACY, ones(33, 163)))
    assert decision.outcome == "fail"
    assert decision.reason == "upper bound 0.261 < 0.75 (33 of 163, Clopper-Pearson, one-sided 95%)"


def test_between_the_bounds_it_is_inconclusive_and_says_the_n_that_would_decide():
    decision = threshold(metric="s/accuracy", min=0.75).decide(evidence(ACCURACY, ones(130, 163)))
    assert decision.outcome == "inconclusive"
    assert decision.needed_n > 163
    at = Proportion(130, 163).at(decision.needed_n).bounds().at_least(0.75)
    before = Proportion(130, 163).at(decision.needed_n - 1).bounds().at_least(0.75)
    assert (at, before) == ("pass", "inconclusive")
    assert decision.reason == (
        "0.75 lies between the bounds 0.739 and 0.848 (130 of 163, Clopper-Pearson, one-sided 95%); "
        f"n = {decision.needed_n:,} would decide if 0.798 stayed as observed"
    )


def test_on_the_threshold_no_n_decides():
    decision = threshold(metric="s/accuracy", min=0.75).decide(evidence(ACCURACY, ones(75, 100)))
    assert (decision.outcome, decision.needed_n) == ("inconclusive", None)
    assert decision.reason.endswith("; no n would decide while 0.750 is observed")


@pytest.mark.parametrize(("k", "outcome"), [(1, "pass"), (60, "fail"), (12, "inconclusive")])
def test_a_ceiling_mirrors_a_floor(k, outcome):
    decision = threshold(metric="s/accuracy", max=0.1).decide(evidence(ACCURACY, ones(k, 100)))
    assert (decision.outcome, decision.condition) == (outcome, "s/accuracy ≤ 0.1")


def test_a_reason_never_rounds_a_bound_across_the_threshold():
    value = Proportion(145, 163).bounds().lower
    decision = threshold(metric="s/accuracy", min=value + 1e-6).decide(evidence(ACCURACY, ones(145, 163)))
    assert decision.outcome == "inconclusive"
    assert "bounds 0.84065 and" in decision.reason or "bounds 0.840650 and" in decision.reason


@pytest.mark.parametrize(
    ("k", "outcome", "reason"),
    [
        (50, "pass", "lower bound 0.414 ≥ 0.3 and upper bound 0.586 ≤ 0.7"),
        (95, "fail", "lower bound 0.898 > 0.7"),
        (5, "fail", "upper bound 0.102 < 0.3"),
        (65, "inconclusive", "0.7 lies between the bounds 0.564 and 0.729"),
    ],
)
def test_a_floor_and_a_ceiling_must_both_hold(k, outcome, reason):
    decision = threshold(metric="s/accuracy", min=0.3, max=0.7).decide(evidence(ACCURACY, ones(k, 100)))
    assert (decision.outcome, decision.condition) == (outcome, "0.3 ≤ s/accuracy ≤ 0.7")
    assert decision.reason.startswith(reason)


def test_a_percentile_is_decided_on_order_statistics():
    decision = threshold(metric="s/p50_ms", max=60).decide(evidence(P50, [float(i) for i in range(20, 64)]))
    assert decision.outcome == "pass"
    assert (
        decision.reason
        == "upper bound 47 ms ≤ 60 (percentile 50 of 44 values is 41.5 ms, order statistics, one-sided 95%)"
    )


def test_too_few_values_for_a_percentiles_bound_are_inconclusive_with_the_n_that_would_do():
    decision = threshold(metric="s/p99_ms", max=60).decide(evidence(P99, [float(i) for i in range(44)]))
    assert (decision.outcome, decision.upper, decision.needed_n) == ("inconclusive", None, 299)
    assert decision.reason.startswith("44 values are too few for a 95.0% upper bound of percentile 99")


def test_a_mean_without_spread_or_limits_is_inconclusive():
    decision = threshold(metric="s/queries", max=60).decide(evidence(QUERIES, [7.0] * 30))
    assert (decision.outcome, decision.lower, decision.upper) == ("inconclusive", None, None)
    assert "their limits are not known, so there are no bounds" in decision.reason


@pytest.mark.parametrize(("values", "outcome"), [([1.9, 1.91], "inconclusive"), ([1.9, 1.91] * 5, "pass")])
def test_a_mean_of_few_rows_without_limits_is_inconclusive(values, outcome):
    nll = Metric("nll", "x", "mean", "lower", "")
    decision = threshold(metric="s/nll", max=2).decide(evidence(nll, values))
    assert decision.outcome == outcome
    assert ("2 values of no known limits" in decision.reason and decision.needed_n == 10) == (outcome != "pass")


UNREAD = "answers that nobody can read"


@pytest.mark.parametrize(
    ("metric", "limit"),
    [
        (Metric("toxic", "x", "proportion", "lower", "", unmeasured=UNREAD), {"max": 0.3}),
        (Metric("right", "x", "proportion", "higher", "", unmeasured=UNREAD), {"min": 0.0}),
        (Metric("mean", "x", "mean", "lower", "", limits=(0.0, 1.0), unmeasured=UNREAD), {"max": 0.3}),
        (Metric("worst", "x", "maximum", "lower", "", unmeasured=UNREAD), {"max": 0.3}),
        (Metric("worst", "x", "maximum", "lower", "", limits=(0.0, 1.0), unmeasured=UNREAD), {"max": 0.3}),
        (Metric("free", "x", "mean", "lower", "", unmeasured=UNREAD), {"max": 0.3}),
    ],
)
def test_what_most_answers_give_no_number_for_is_no_pass(metric, limit):
    spread = [0.001 * one if metric.kind != "proportion" else 0.0 for one in range(14)]
    name = f"s/{metric.name}"
    assert threshold(metric=name, **limit).decide(evidence(metric, spread)).outcome == "pass"
    some = [*spread, *[None] * 46]
    assert threshold(metric=name, **limit).decide(evidence(replace(metric, unmeasured=""), some)).outcome == "pass"
    decision = threshold(metric=name, **limit).decide(evidence(metric, some))
    if "min" in limit:  # nothing is below a floor of 0
        assert decision.outcome == "pass"
        return
    assert decision.outcome == "inconclusive"
    assert f"46 of 60 answers have no number ({UNREAD})" in decision.reason


def test_a_few_answers_without_a_number_do_not_keep_a_gate_from_passing():
    metric = Metric("toxic", "x", "proportion", "lower", "", unmeasured=UNREAD)
    gate = threshold(metric="s/toxic", max=0.1)
    assert gate.decide(evidence(metric, [0.0] * 300 + [None] * 5)).outcome == "pass"
    assert gate.decide(evidence(metric, [0.0] * 300 + [None] * 40)).outcome == "inconclusive"


UNTRIED = "no changed text was tried"


def of_columns(metric, *groups):
    """Evidence of samples with several columns: (how many, their values)."""
    every = [values for count, values in groups for _ in range(count)]
    samples = [Sample(f"row-{i}", values) for i, values in enumerate(every)]
    table = samples_to_table("tuned", samples, sorted({name for values in every for name in values}))
    score = summarise(metric, "s", "tuned", table)
    return SavedEvidence("tuned", [score], {f"s/{metric.name}": metric}, {"s": table})


@pytest.mark.parametrize(
    ("metric", "limit", "unharmed"),
    [
        (Metric("rate", "x", "proportion", "lower", "", unmeasured=UNTRIED, gap="tried"), {"max": 0.1}, 0.0),
        (
            Metric("queries", "x", "mean", "higher", "", limits=(1.0, 9.0), unmeasured=UNTRIED, gap="tried"),
            {"min": 7},
            9.0,
        ),
    ],
)
def test_rows_that_the_metric_does_not_apply_to_are_no_gap(metric, limit, unharmed):
    gate = threshold(metric=f"s/{metric.name}", **limit)
    flipped, wrong, untried = {"x": unharmed, "tried": 1.0}, {"x": None, "tried": 0.0}, {"x": None, "tried": None}
    assert gate.decide(of_columns(metric, (150, flipped), (50, wrong))).outcome == "pass"
    assert gate.decide(of_columns(metric, (150, flipped), (50, wrong), (1, untried))).outcome == "pass"
    decision = gate.decide(of_columns(metric, (150, flipped), (50, wrong), (90, untried)))
    assert decision.outcome == "inconclusive"
    assert f"90 of 290 answers have no number ({UNTRIED})" in decision.reason


def test_a_gap_in_a_ratio_is_held_to_the_worst_that_its_columns_can_be():
    metric = Metric("drop", "x", "ratio_of_means", "lower", "", over="y", limits=(0.0, 1.0), unmeasured=UNTRIED)
    gate = threshold(metric="s/drop", max=0.1)
    withstood, untried = {"x": 1.0, "y": 1.0}, {"x": None, "y": None}
    assert gate.decide(of_columns(metric, (10_000, withstood))).outcome == "pass"
    assert gate.decide(of_columns(metric, (10_000, withstood), (1, untried))).outcome == "pass"
    assert gate.decide(of_columns(metric, (1000, withstood), (50, untried))).outcome == "pass"
    for many in (100, 200):  # with 100 the drop might be 0.09, whose upper bound is above 0.1
        decision = gate.decide(of_columns(metric, (1000, withstood), (many, untried)))
        assert decision.outcome == "inconclusive"
        assert f"{many} of {1000 + many} answers have no number ({UNTRIED})" in decision.reason
    unbounded = replace(metric, limits=None)
    assert gate.decide(of_columns(unbounded, (10_000, withstood), (1, untried))).outcome == "inconclusive"


@pytest.mark.parametrize(("ceiling", "outcome", "reason"), [(9, "pass", "9 bytes ≤ 9"), (8.5, "fail", "9 bytes > 8.5")])
def test_a_maximum_is_decided_on_its_value(ceiling, outcome, reason):
    decision = threshold(metric="s/peak", max=ceiling).decide(evidence(PEAK, [5.0, 9.0, 7.0]))
    assert (decision.outcome, decision.method, decision.lower) == (outcome, "census", None)
    assert decision.reason == f"{reason} (a census of 3 items, no sampling error)"


def test_a_count_of_a_data_stage_is_decided_on_its_value_and_needs_no_system():
    score = exact_score("leakage/dropped", 12, n=2026, unit="rows")
    saved = SavedEvidence("tuned", [score], {})
    assert threshold(metric="leakage/dropped", max=20).decide(saved).outcome == "pass"
    failed = threshold(metric="leakage/dropped", max=10).decide(saved)
    assert (failed.outcome, failed.reason) == ("fail", "12 rows > 10 (counted, no sampling error)")


def test_another_system_may_be_held_to_account():
    decision = threshold(metric="s/accuracy", max=0.5, system="base").decide(
        evidence(ACCURACY, ones(5, 100), system="base")
    )
    assert (decision.outcome, decision.condition) == ("pass", "s/accuracy of base ≤ 0.5")


def test_a_point_is_for_information_only():
    decision = threshold(metric="s/accuracy", min=0.75, on="point", severity="info").decide(
        evidence(ACCURACY, ones(76, 100))
    )
    assert (decision.outcome, decision.severity, decision.method) == ("pass", "info", "point estimate")
    assert decision.reason == "0.760 ≥ 0.75 (point estimate from 100, chance is not accounted for)"


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        (SavedEvidence("tuned", [], {}), "nothing in the suite produces s/accuracy"),
        (SavedEvidence("tuned", [], {"s/accuracy": ACCURACY}), "s/accuracy was not scored for tuned"),
        (evidence(ACCURACY, []), "there are no samples"),
        (evidence(ACCURACY, [1.0, math.nan]), "x is NaN or infinite in 1 of 2 samples; the first is row-1"),
        (evidence(ACCURACY, [1.0, 1.0], errors={0: "timeout"}), "1 of 2 samples failed; the first, row-0: timeout"),
        (evidence(PEAK, [math.nan]), "nothing in the suite produces s/accuracy"),
    ],
)
def test_what_is_missing_is_an_error_with_its_reason(saved, reason):
    decision = threshold(metric="s/accuracy", min=0.0).decide(saved)
    assert (decision.outcome, decision.reason, decision.value) == ("error", reason, None)


def test_a_saved_score_that_its_samples_do_not_give_is_an_error():
    honest = evidence(ACCURACY, ones(50, 100))
    forged = replace(honest, scores=[replace(honest.scores[0], value=0.99)])
    decision = threshold(metric="s/accuracy", min=0.75).decide(forged)
    assert decision.outcome == "error"
    assert decision.reason == "the saved score 0.990 is not what its samples give, 0.500; score again"


def test_a_score_whose_samples_are_gone_is_an_error():
    kept = replace(evidence(ACCURACY, ones(145, 163)), tables={})
    assert threshold(metric="s/accuracy", min=0.75).decide(kept).reason == "there are no samples"


METRICS = st.sampled_from([ACCURACY, F1, QUERIES, P50, P99, PEAK, TOKENS])
THRESHOLDS = st.floats(allow_nan=False, allow_infinity=False)
SPOILED = st.one_of(
    st.just([]),
    st.lists(st.none(), min_size=1, max_size=5),
    st.tuples(st.lists(st.sampled_from([0.0, 1.0]), max_size=8), st.sampled_from([math.nan, math.inf, -math.inf])).map(
        lambda pair: [*pair[0], pair[1]]
    ),
)


@given(METRICS, SPOILED, THRESHOLDS, THRESHOLDS, st.sampled_from(["min", "max", "both"]), st.booleans())
def test_a_nan_missing_or_empty_score_never_passes_any_threshold(metric, values, one, other, which, point):
    low, high = sorted((one, other))
    limits = {"min": {"min": low}, "max": {"max": high}, "both": {"min": low, "max": high}}[which]
    on = {"on": "point", "severity": "info"} if point else {}
    gate = threshold(metric=f"s/{metric.name}", **limits, **on)
    saved = evidence(metric, values)
    assert gate.decide(saved).outcome == "error"
    assert gate.decide(replace(saved, scores=[])).outcome == "error"
    for value in (math.nan, math.inf, -math.inf, None):
        forged = replace(saved, scores=[replace(saved.scores[0], value=value)])
        assert gate.decide(forged).outcome == "error"
        assert gate.decide(replace(evidence(metric, [1.0, 1.0]), scores=forged.scores)).outcome == "error"
    assert gate.decide(replace(saved, scores=[replace(saved.scores[0], value=1.0, n=0)])).outcome == "error"


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1))
def test_a_floor_passes_only_if_the_bound_reaches_it_and_more_successes_never_hurt(k, more, floor):
    k, better = sorted((k, more))
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    gate = threshold(metric="s/accuracy", min=floor)
    worse_off, better_off = (
        gate.decide(evidence(ACCURACY, ones(k, 60))),
        gate.decide(evidence(ACCURACY, ones(better, 60))),
    )
    assert order[worse_off.outcome] <= order[better_off.outcome]
    assert (worse_off.outcome == "pass") == (worse_off.lower >= floor)
    assert (worse_off.outcome == "fail") == (worse_off.upper < floor)


def test_five_hundred_copies_of_one_row_decide_as_one_row():
    saved = evidence(ACCURACY, [1.0] * 500, clusters=["c"] * 500)
    decision = threshold(metric="s/accuracy", min=0.75).decide(saved)
    assert (decision.outcome, decision.n, decision.clusters) == ("inconclusive", 500, 1)
    assert decision.lower == pytest.approx(0.05)
    assert decision.needed_n == 11 * 500  # 0.75 ** 11 < 0.05
    assert decision.reason == (
        "0.75 lies between the bounds 0.050 and 1.000 (1.000 over 500 in 1 cluster, Clopper-Pearson (clusters), "
        "one-sided 95%); n = 5,500 in 11 clusters would decide if 1.000 stayed as observed"
    )


@pytest.mark.parametrize(
    ("metric", "limit", "said"),
    [
        (P50, {"max": 90}, "percentile 50 of 60 values is 29.5 ms in 30 clusters, order statistics (clusters)"),
        (QUERIES, {"max": 60}, "29.5 queries over 60 in 30 clusters, Fieller (clusters)"),
        (F1, {"min": 0.2}, "0.492 over 60 in 30 clusters, Gaffke (clusters)"),
    ],
)
def test_every_kind_is_decided_on_its_clusters(metric, limit, said):
    values = [i / 60 if metric is F1 else float(i) for i in range(60)]
    decision = threshold(metric=f"s/{metric.name}", **limit).decide(
        evidence(metric, values, clusters=[str(i // 2) for i in range(60)])
    )
    assert (decision.outcome, decision.clusters) == ("pass", 30)
    assert said in decision.reason


def test_several_seeds_are_decided_on_their_mean_and_spread():
    tables = [
        samples_to_table("tuned", [Sample(f"row-{i}", {"x": v}) for i, v in enumerate(ones(k, 200))], ["x"], seed=seed)
        for seed, k in ((1, 199), (2, 170))
    ]
    table = pa.concat_tables(tables)
    saved = SavedEvidence("tuned", [summarise(ACCURACY, "s", "tuned", table)], {"s/accuracy": ACCURACY}, {"s": table})
    decision = threshold(metric="s/accuracy", min=0.75).decide(saved)
    assert (decision.outcome, decision.n, decision.seeds) == ("inconclusive", 200, 2)
    assert "0.922 over 200, 2 seeds, Clopper-Pearson, seeds by Student t (MOVER)" in decision.reason
    assert "no n would decide with 2 seeds while 0.922 is observed; more seeds may" in decision.reason
