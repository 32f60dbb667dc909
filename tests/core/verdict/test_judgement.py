from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Decision, Metric, Sample, Score
from seatrial.evaluation.samples import samples_to_table
from seatrial.stats import PairedDifference
from seatrial.verdict.evidence import SavedEvidence
from seatrial.verdict.judgement import flag_best_baseline, flag_unmeasured, judge

ACCURACY = Metric("accuracy", "correct", "proportion", "higher", "")


def decision(outcome, severity="block", name="a/b"):
    return Decision(name, outcome, severity, f"{name} ≥ 0.5", "the reason")


OUTCOMES = st.sampled_from(["pass", "fail", "inconclusive", "error"])
SEVERITIES = st.sampled_from(["block", "warn", "info"])


@pytest.mark.parametrize(
    ("outcomes", "state", "code"),
    [
        (["pass", "pass"], "pass", 0),
        (["pass", "fail"], "fail", 1),
        (["pass", "inconclusive"], "inconclusive", 4),
        (["inconclusive", "fail"], "fail", 1),
        (["fail", "inconclusive", "error", "pass"], "error", 3),
    ],
)
def test_the_gravest_outcome_prevails(outcomes, state, code):
    verdict = judge([decision(outcome) for outcome in outcomes])
    assert (verdict.state, verdict.exit_code) == (state, code)


@pytest.mark.parametrize(
    "decisions", [[], [decision("pass", "warn")], [decision("pass", "info"), decision("error", "info")]]
)
def test_without_a_blocking_gate_nothing_decides(decisions):
    verdict = judge(decisions)
    assert (verdict.state, verdict.exit_code) == ("inconclusive", 4)
    assert verdict.reason == "no gate decides: the suite has no gate of severity block"


def test_warn_gates_that_do_not_pass_become_warnings_after_those_given():
    verdict = judge(
        [
            decision("pass"),
            decision("fail", "warn", "x/y"),
            decision("inconclusive", "warn", "z/y"),
            decision("fail", "info"),
        ],
        ["mind the baseline"],
    )
    assert verdict.state == "pass"
    assert verdict.warnings == (
        "mind the baseline",
        "gate failed: x/y ≥ 0.5: the reason",
        "gate inconclusive: z/y ≥ 0.5: the reason",
    )


@pytest.mark.parametrize("others", [[], [decision("pass")]])
def test_a_warn_gate_that_could_not_be_decided_is_no_warning_alone(others):
    verdict = judge([*others, decision("error", "warn", "z/y")])
    assert (verdict.state, verdict.exit_code, verdict.decides) == ("error", 3, True)
    assert "could not be decided: z/y ≥ 0.5: the reason" in verdict.reason


def test_the_reason_counts_and_quotes_what_decided():
    assert judge([decision("pass")]).reason == "1 blocking gate passed"
    assert judge([decision("pass"), decision("pass")]).reason == "all 2 blocking gates passed"
    assert judge([decision("fail"), decision("fail"), decision("pass")]).reason == (
        "2 of 3 blocking gates failed: a/b ≥ 0.5: the reason (and 1 more)"
    )


@given(st.lists(st.tuples(OUTCOMES, SEVERITIES), max_size=8))
def test_it_passes_only_where_some_gate_blocks_and_all_that_do_pass(gates):
    verdict = judge([decision(outcome, severity) for outcome, severity in gates])
    blocking = [outcome for outcome, severity in gates if severity == "block"]
    undecided = ("error", "warn") in gates
    assert (verdict.state == "pass") == (bool(blocking) and set(blocking) == {"pass"} and not undecided)
    assert len(verdict.decisions) == len(gates)


def evidence(metric=ACCURACY, clusters=None, **systems):
    tables = [
        samples_to_table(
            name.replace("_", "-"),
            [Sample(f"row-{i}", {"correct": v}, target="t") for i, v in enumerate(values)],
            ["correct"],
            clusters=clusters,
        )
        for name, values in systems.items()
    ]
    return SavedEvidence("tuned", [], {f"choice/{metric.name}": metric}, {"choice": pa.concat_tables(tables)})


def right(count, n=163, first=0):
    return [1.0 if first <= i < first + count else 0.0 for i in range(n)]


def test_the_best_baseline_that_is_not_beaten_is_named_with_its_numbers():
    found = flag_best_baseline(
        evidence(
            tuned=right(145),
            base=right(33),
            majority=right(24),
            encoder_logreg=right(142, first=18),
            tfidf_logreg=right(116),
        )
    )
    lower = PairedDifference(18, 15, 163).bounds().lower
    assert found == [
        (
            "choice/accuracy: tuned 0.890 is not shown to beat encoder-logreg 0.871 "
            f"(difference +0.018, one-sided 95% lower bound {lower:.3f}, n = 163)"
        )
    ]


def test_a_baseline_that_is_shown_to_be_better_is_said_to_be():
    found = flag_best_baseline(evidence(tuned=right(100), encoder_logreg=right(130)))
    bounds = PairedDifference(0, 30, 163).bounds()
    assert found == [
        (
            "choice/accuracy: tuned 0.613 is worse than encoder-logreg 0.798 (difference -0.184, "
            f"one-sided 95% bounds {bounds.lower:.3f} and {bounds.upper:.3f}, n = 163)"
        )
    ]


def test_a_system_that_beats_all_of_them_is_not_flagged():
    assert flag_best_baseline(evidence(tuned=right(145), base=right(33), majority=right(24))) == []


def test_equal_right_answers_are_not_a_victory():
    assert len(flag_best_baseline(evidence(tuned=right(163), base=right(163)))) == 1


def test_what_can_not_be_compared_is_said():
    assert flag_best_baseline(evidence(tuned=right(10, 20), base=right(10, 19))) == [
        "choice/accuracy: tuned can't be compared with base: they were scored on different rows: 1 only for tuned, 0 only for base"
    ]


@pytest.mark.parametrize(
    "metric",
    [
        Metric("errors", "correct", "proportion", "lower", ""),
        Metric("p50", "correct", "percentile", "higher", "", q=50),
        Metric("queries", "correct", "mean", "higher", "", unit="queries"),
    ],
)
def test_only_accuracies_are_compared(metric):
    assert flag_best_baseline(evidence(metric, tuned=right(5, 10), base=right(9, 10))) == []


def test_a_suite_without_other_systems_has_nothing_to_beat():
    assert flag_best_baseline(evidence(tuned=right(5, 10))) == []


def test_a_lead_on_copies_of_few_rows_is_no_victory():
    systems = {"tuned": right(160), "base": right(40)}
    assert flag_best_baseline(evidence(**systems)) == []
    copied = {f"row-{i}": str(min(i // 40, 3)) for i in range(163)}
    (found,) = flag_best_baseline(evidence(clusters=copied, **systems))
    assert "tuned 0.982 is not shown to beat base 0.245" in found
    assert found.endswith("n = 163 in 4 clusters)")


def test_a_gate_on_what_could_not_be_measured_everywhere_says_so():
    metric = replace(ACCURACY, unmeasured="answers that are empty")
    gaps = [*right(10, 14), *[None] * 46]
    (said,) = flag_unmeasured(evidence(metric, tuned=gaps), ["choice/accuracy", "choice/accuracy"])
    assert said.startswith("choice/accuracy: 46 of 60 rows have no number (answers that are empty)")
    assert flag_unmeasured(evidence(metric, tuned=right(10, 14)), ["choice/accuracy"]) == []
    assert flag_unmeasured(evidence(tuned=gaps), ["choice/accuracy"]) == []


def test_rows_that_the_metric_just_does_not_apply_to_are_no_gap():
    metric = Metric("flipped", "flipped", "proportion", "lower", "", unmeasured="nothing was tried", gap="tried")
    samples = [
        Sample("wrong already", {"flipped": None, "tried": 0.0}),
        Sample("untried", {"flipped": None, "tried": None}),
        Sample("withstood", {"flipped": 0.0, "tried": 1.0}),
        Sample("failed", {"flipped": None, "tried": None}, error="the server was gone"),
    ]
    table = samples_to_table("tuned", samples, ["flipped", "tried"])
    saved = SavedEvidence("tuned", [], {"attack/flipped": metric}, {"attack": table})
    (said,) = flag_unmeasured(saved, ["attack/flipped"])
    assert "1 of 4 rows have no number (nothing was tried)" in said
    missing = Score(
        "attack/flipped", "tuned", None, 0, "proportion", "lower", missing="1 of 4 rows could not be scored"
    )
    assert flag_unmeasured(replace(saved, scores=[missing]), ["attack/flipped"]) == [], (
        "of what is missing, all is said"
    )
