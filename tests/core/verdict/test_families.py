"""Failures among several gates: Holm's step-down, against statsmodels."""

import pytest
from statsmodels.stats.multitest import multipletests

from seatrial.verdict import Decision
from seatrial.verdict.families import by_holm
from seatrial.verdict.judgement import judge


def gate(outcome, p=None, family="tasks", metric="a/accuracy"):
    return Decision(metric, outcome, "block", "a ≥ b", "it says so", 0.1, -0.1, 0.2, 100, family=family, p=p)


def test_failures_stay_as_far_as_holm_leaves_them_and_others_are_untouched():
    ps = [0.02, 0.004, 0.03, 0.012]
    decisions = [*(gate("fail", p) for p in ps), gate("pass"), gate("fail", 0.049, family="")]
    found = by_holm(decisions)
    kept, adjusted, *_ = multipletests([*ps, 1.0], alpha=0.05, method="holm")
    assert [one.outcome == "fail" for one in found[:4]] == [*kept[:4]] == [False, True, False, True]
    assert f"adjusted {adjusted[1]:.2g}" in found[1].reason
    assert f"adjusted {adjusted[0]:.2g}" in found[0].reason
    assert "5 gates of tasks" in found[0].reason
    assert found[4:] == decisions[4:]


def test_one_drop_among_five_that_may_be_chance_leaves_the_verdict_open():
    alone, among = [gate("fail", 0.03)], [gate("fail", 0.03), *[gate("pass")] * 4]
    assert judge(by_holm(alone)).state == "fail"
    assert judge(by_holm(among)).state == "inconclusive"
    assert judge(by_holm([gate("fail", 0.009), *[gate("pass")] * 4])).state == "fail"


@pytest.mark.parametrize("outcome", ["error", "pass", "inconclusive"])
def test_what_did_not_fail_is_not_corrected(outcome):
    assert by_holm([gate(outcome)]) == [gate(outcome)]
