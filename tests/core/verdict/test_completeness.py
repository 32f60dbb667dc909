import pytest

from seatrial import Decision, Metric
from seatrial.evaluation.scores import Score
from seatrial.verdict.completeness import flag_missing, unscored
from seatrial.verdict.evidence import SavedEvidence


def score(metric, value, system="tuned", why="4 of 9 samples failed", n=9):
    return Score(metric, system, value, n, "proportion", "higher", missing=None if value is not None else why)


def evidence(*scores):
    names = dict.fromkeys(one.metric for one in scores)
    metrics = {name: Metric(name.partition("/")[2], "x", "proportion", "higher", "") for name in names}
    return SavedEvidence("tuned", scores, metrics)


def error(metric, severity="block", reason="4 of 9 samples failed"):
    return Decision(metric, "error", severity, f"{metric} ≥ 0", reason)


def test_a_scorer_without_any_score_of_the_system_on_trial_is_an_error():
    (said,) = unscored(evidence(score("a/x", None), score("a/y", None), score("a/x", 0.5, "base")), ["a"], [])
    assert (said.metric, said.outcome, said.severity) == ("a/x", "error", "block")
    assert said.condition == "a has a score of tuned"
    assert said.reason == "4 of 9 samples failed"
    assert unscored(evidence(score("a/x", None), score("a/y", 0.5)), ["a"], []) == []


def test_a_scorer_of_other_systems_alone_needs_theirs():
    assert unscored(evidence(score("a/x", 0.5, "base")), ["a"], []) == []
    (said,) = unscored(evidence(score("a/x", None, "base")), ["a"], [])
    assert said.condition == "a has a score of base"


def test_a_scorer_that_left_nothing_at_all_is_an_error():
    (said,) = unscored(evidence(), ["a"], [])
    assert (said.metric, said.reason) == ("a", "it scored nothing")


@pytest.mark.parametrize(("severity", "count"), [("block", 0), ("info", 1)])
def test_what_a_blocking_gate_says_is_not_said_twice(severity, count):
    assert len(unscored(evidence(score("a/x", None)), ["a"], [error("a/x", severity)])) == count


def test_what_should_have_a_score_and_has_none_is_a_warning():
    scores = [score("a/x", None), score("a/y", None), score("a/z", None, "base"), score("a/w", 1.0)]
    assert flag_missing(evidence(*scores), []) == [
        "a/x, a/y of tuned: no score, 4 of 9 samples failed",
        "a/z of base: no score, 4 of 9 samples failed",
    ]
    assert flag_missing(evidence(*scores), [error("a/x")]) == ["a/z of base: no score, 4 of 9 samples failed"]


def test_what_applies_to_no_row_is_no_warning():
    assert flag_missing(evidence(score("a/x", None, why="x applies to none", n=0)), []) == []
