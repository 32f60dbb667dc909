"""Judging: which scorers need not beat the best baseline."""

from seatrial.runs.judging import _held_level
from seatrial.verdict.verdict import Decision


def gate(metric, family):
    return Decision(metric, "pass", "block", "a ≥ b", "it says so", 0.1, 0.05, 0.2, 100, family=family)


def test_only_a_bundles_own_scorers_are_set_aside_and_none_by_a_suites_own_gate():
    gates = [gate("tasks-mmlu/accuracy", "tasks"), gate("choice/accuracy", "tasks"), gate("x/f1", "")]
    assert _held_level(gates) == {"tasks-mmlu"}
