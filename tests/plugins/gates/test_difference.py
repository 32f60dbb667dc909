import math
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.earlier_run import earlier_run

from seatrial import Metric, Sample
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import summarise
from seatrial.stats import tango_interval
from seatrial.verdict.evidence import SavedEvidence, earlier_runs
from seatrial_plugins.gates import difference

ACCURACY = Metric("accuracy", "x", "proportion", "higher", "")
ERRORS = Metric("errors", "x", "proportion", "lower", "")
TOKENS = Metric("tokens", "x", "mean", "lower", "", unit="tokens")
P50 = Metric("p50", "x", "percentile", "lower", "", q=50)


def table(system, values, *, prompt="same", rows=None, clusters=None, seed=None):
    rows = rows or [f"row-{i}" for i in range(len(values))]
    samples = [Sample(r, {"x": v}, target="t", prompt_hash=prompt) for r, v in zip(rows, values, strict=True)]
    return samples_to_table(system, samples, ["x"], clusters=clusters, seed=seed)


def evidence(metric, *tables, **options):
    samples = pa.concat_tables(tables)
    scores = [summarise(metric, "s", system, samples) for system in samples["system"].unique().to_pylist()]
    return SavedEvidence("tuned", scores, {f"s/{metric.name}": metric}, {"s": samples}, **options)


def pair(better, worse, n, both=0):
    """Values of two systems that disagree on `better` + `worse` items."""
    ours = [1.0] * better + [0.0] * worse + [1.0] * both
    theirs = [0.0] * better + [1.0] * worse + [1.0] * both
    rest = [0.0] * (n - better - worse - both)
    return ours + rest, theirs + rest


def test_it_passes_where_the_lower_bound_keeps_within_the_margin():
    ours, theirs = pair(115, 3, 163, 30)
    decision = difference(metric="s/accuracy", baseline="base").decide(
        evidence(ACCURACY, table("tuned", ours), table("base", theirs))
    )
    assert (decision.outcome, decision.n) == ("pass", 163)
    assert decision.condition == "s/accuracy: tuned - base ≥ 0"
    assert decision.value == pytest.approx(112 / 163)
    assert decision.lower == pytest.approx(tango_interval(115, 3, 163, 0.9, correction=1.0)[0])
    assert decision.reason == (
        f"lower bound {decision.lower:.3f} ≥ 0 (0.890 against 0.202, better on 115 items and worse on 3, exact one-sided McNemar p < "
        "0.001, n = 163, Tango score (paired, continuity-corrected), one-sided 95%)"
    )


def test_it_fails_where_the_upper_bound_is_below_the_margin():
    ours, theirs = pair(2, 40, 163, 60)
    decision = difference(metric="s/accuracy", baseline="base", margin=0.02).decide(
        evidence(ACCURACY, table("tuned", ours), table("base", theirs))
    )
    assert (decision.outcome, decision.condition) == ("fail", "s/accuracy: tuned - base ≥ -0.02")
    assert decision.upper < -0.02


def test_between_it_is_inconclusive_with_the_n_and_the_difference_that_could_be_shown():
    ours, theirs = pair(12, 9, 163, 100)
    decision = difference(metric="s/accuracy", baseline="base").decide(
        evidence(ACCURACY, table("tuned", ours), table("base", theirs))
    )
    assert decision.outcome == "inconclusive"
    assert decision.needed_n > 163
    assert f"n = {decision.needed_n:,} would decide if the difference stayed as observed" in decision.reason
    assert decision.reason.endswith("these items can show a difference of 0.070 (80% power)")


def test_a_margin_lets_through_what_is_a_little_worse():
    ours, theirs = pair(4, 6, 400, 300)
    saved = evidence(ACCURACY, table("tuned", ours), table("base", theirs))
    assert difference(metric="s/accuracy", baseline="base").decide(saved).outcome == "inconclusive"
    assert difference(metric="s/accuracy", baseline="base", margin=0.05).decide(saved).outcome == "pass"


def test_identical_systems_are_not_shown_to_be_as_good_at_a_margin_of_zero():
    ours, theirs = pair(0, 0, 163, 100)
    saved = evidence(ACCURACY, table("tuned", ours), table("base", theirs))
    decision = difference(metric="s/accuracy", baseline="base").decide(saved)
    assert (decision.outcome, decision.needed_n) == ("inconclusive", None)
    assert difference(metric="s/accuracy", baseline="base", margin=0.05).decide(saved).outcome == "pass"


def test_better_is_down_where_lower_is_better():
    ours, theirs = pair(3, 115, 163, 30)
    decision = difference(metric="s/errors", baseline="base").decide(
        evidence(ERRORS, table("tuned", ours), table("base", theirs))
    )
    assert (decision.outcome, decision.condition) == ("pass", "s/errors: base - tuned ≥ 0")
    assert decision.value == pytest.approx(112 / 163)


def test_a_mean_is_tested_on_its_paired_differences():
    ours = table("tuned", [float(10 + i % 3) for i in range(60)])
    theirs = table("base", [float(14 + i % 4) for i in range(60)])
    decision = difference(metric="s/tokens", baseline="base").decide(evidence(TOKENS, ours, theirs))
    assert (decision.outcome, decision.method) == ("pass", "Student t")
    assert decision.value == pytest.approx(4.5)


def test_an_earlier_run_is_a_baseline(tmp_path):
    ours, theirs = pair(40, 2, 163, 60)
    earlier_run(tmp_path / "earlier", s=table("tuned", theirs))
    saved = evidence(ACCURACY, table("tuned", ours), load=earlier_runs(tmp_path))
    decision = difference(metric="s/accuracy", baseline="run:earlier").decide(saved)
    assert (decision.outcome, decision.condition) == ("pass", "s/accuracy: tuned - tuned of earlier ≥ 0")


@pytest.mark.parametrize(
    ("earlier", "reason"),
    [
        (None, "is no folder; name a run folder"),
        (table("base", [1.0]), "earlier run earlier has no samples of s/accuracy for tuned"),
        (
            table("tuned", [1.0, 0.0], prompt="other"),
            "2 of 2 rows have different prompts for tuned and tuned of earlier",
        ),
        (table("tuned", [1.0]), "they were scored on different rows: 1 only for tuned, 0 only for tuned of earlier"),
    ],
)
def test_an_earlier_run_that_can_not_be_paired_is_an_error(tmp_path, earlier, reason):
    if earlier is not None:
        earlier_run(tmp_path / "earlier", s=earlier)
    saved = evidence(ACCURACY, table("tuned", [1.0, 1.0]), load=earlier_runs(tmp_path))
    decision = difference(metric="s/accuracy", baseline="run:earlier").decide(saved)
    assert decision.outcome == "error"
    assert reason in decision.reason


def test_the_base_must_have_seen_the_same_prompts_and_a_few_shot_system_need_not():
    ours, theirs = pair(40, 2, 163, 60)
    saved = evidence(
        ACCURACY, table("tuned", ours), table("base", theirs, prompt="p"), table("base-4shot", theirs, prompt="q")
    )
    refused = difference(metric="s/accuracy", baseline="base").decide(saved)
    assert (refused.outcome, refused.reason) == ("error", "163 of 163 rows have different prompts for tuned and base")
    assert difference(metric="s/accuracy", baseline="base-4shot").decide(saved).outcome == "pass"


@pytest.mark.parametrize(
    ("saved", "baseline", "reason"),
    [
        (SavedEvidence("tuned", [], {}), "base", "nothing in the suite produces s/accuracy"),
        (SavedEvidence("tuned", [], {"s/accuracy": ACCURACY}), "base", "s/accuracy was not scored for tuned"),
        (evidence(ACCURACY, table("tuned", [1.0])), "tuned", "tuned would be compared with itself"),
        (evidence(ACCURACY, table("tuned", [1.0])), "base", "base: there are no samples"),
        (
            evidence(ACCURACY, table("tuned", [math.nan]), table("base", [1.0])),
            "base",
            "x is NaN or infinite in 1 of 1 samples; the first is row-0",
        ),
    ],
)
def test_what_is_missing_is_an_error_with_its_reason(saved, baseline, reason):
    decision = difference(metric="s/accuracy", baseline=baseline).decide(saved)
    assert (decision.outcome, decision.reason) == ("error", reason)


def test_a_percentile_is_refused():
    saved = evidence(P50, table("tuned", [1.0]), table("base", [2.0]))
    decision = difference(metric="s/p50", baseline="base").decide(saved)
    assert decision.reason == "a percentile has no paired test; it can be held against a threshold"


SPOILED = st.one_of(
    st.just([None, None, None]),
    st.permutations([1.0, 0.0, math.nan]),
    st.permutations([1.0, 1.0, math.inf]),
)
FINE = st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=3)


@given(st.sampled_from([ACCURACY, ERRORS, TOKENS]), SPOILED, FINE, st.booleans(), st.floats(0, 1e9))
def test_a_nan_missing_or_empty_score_on_either_side_never_passes(metric, spoiled, fine, ours_is_spoiled, margin):
    ours, theirs = (spoiled, fine) if ours_is_spoiled else (fine, spoiled)
    gate = difference(metric=f"s/{metric.name}", baseline="base", margin=margin)
    saved = evidence(metric, table("tuned", ours), table("base", theirs))
    assert gate.decide(saved).outcome == "error"
    assert gate.decide(replace(saved, tables={})).outcome == "error"
    assert gate.decide(evidence(metric, table("base", fine))).outcome == "error"
    assert gate.decide(evidence(metric, table("tuned", fine))).outcome == "error"


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0, 0.5))
def test_more_improvement_never_hurts_and_a_wider_margin_neither(better, worse, margin):
    def outcome(b, w, m):
        ours, theirs = pair(b, w, 80)
        saved = evidence(ACCURACY, table("tuned", ours), table("base", theirs))
        return {"fail": 0, "inconclusive": 1, "pass": 2}[
            difference(metric="s/accuracy", baseline="base", margin=m).decide(saved).outcome
        ]

    assert outcome(better, worse, margin) <= outcome(better + 1, worse, margin)
    assert outcome(better, worse, margin) <= outcome(better, worse, margin + 0.1)


def test_copies_of_one_row_decide_as_one_row():
    clusters = {f"row-{i}": "the same" for i in range(500)}
    ours, theirs = table("tuned", [1.0] * 500, clusters=clusters), table("base", [0.0] * 500, clusters=clusters)
    decision = difference(metric="s/accuracy", baseline="base").decide(evidence(ACCURACY, ours, theirs))
    assert (decision.outcome, decision.n, decision.clusters) == ("inconclusive", 500, 1)
    # One row more often right says no more than a coin: 5 rows would be a sign test's 0.5 ** 5.
    assert decision.needed_n == 5 * 500
    assert "n = 500 in 1 cluster, Clopper-Pearson (clusters)" in decision.reason
    assert "n = 2,500 in 5 clusters would decide if the difference stayed as observed" in decision.reason


def test_seeds_that_differ_make_a_difference_inconclusive_that_one_seed_would_pass():
    ours = [[1.0] * 160 + [0.0] * 3, [1.0] * 130 + [0.0] * 33]
    base = table("base", [1.0] * 110 + [0.0] * 53)
    seeded = pa.concat_tables([table("tuned", values, seed=seed) for seed, values in enumerate(ours)])
    gate = difference(metric="s/accuracy", baseline="base")
    assert [gate.decide(evidence(ACCURACY, table("tuned", values), base)).outcome for values in ours] == ["pass"] * 2
    decision = gate.decide(evidence(ACCURACY, seeded, base))
    assert (decision.outcome, decision.n, decision.seeds, decision.needed_n) == ("inconclusive", 163, 2, None)
    assert decision.value == pytest.approx(35 / 163)
    assert "n = 163, 2 seeds" in decision.reason
    assert "no n would decide with 2 seeds while the difference is observed; more seeds may" in decision.reason
