"""What changed since an earlier run of the router."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from seatrial.evaluation.scores import Interval, Score
from seatrial.runs.result import Change, ScoreChange, Since
from seatrial.stats import PairedDifference
from seatrial.verdict.comparison import PairedComparison


def since_october(say: Callable[[str], str]) -> Since:
    """One change of each subject, a score that moved, one that can't be paired, and two that only one run has."""
    rate = Score(
        "agreement/rate", "tuned", 0.81, 105, "proportion", "higher", interval=Interval(0.72, 0.87, 0.95, "Wilson")
    )
    paired = PairedComparison(
        PairedDifference(11, 3, 105), 0.886, 0.81, say("better on 11 items and worse on 3"), 0.09, 105
    )
    return Since(
        run=say("20261003-101500-router"),
        started="2026-10-03T10:15:00+00:00",
        groups={
            "Verdict": [Change("verdict", "fail", "pass"), Change(say("gate choice/accuracy ≥ 0.8"), "fail", "pass")],
            "Suite": [
                Change("train.lr", "0.0001", "0.0002"),
                Change(say("score[attack]"), "", say('{"recipe": "deepwordbug", "samples": 50}')),
            ],
            "Data files": [Change(say("messages.jsonl"), "3f" * 32, "a0" * 32), Change(say("more.jsonl"), "", "77" * 32)],
            "Rows": [Change("records read", "350", "400"), Change("train", "221", "256")],
            "Weights": [Change("train[seed=7]", "12" * 32, "34" * 32)],
            "Versions": [Change(say("transformers"), "4.57.1", "5.0.0")],
            "Machine and code": [Change("commit", "c0ffee" * 6, "decade" * 6)],
        },
        scores=[
            ScoreChange("agreement/rate", "tuned", rate, replace(rate, value=0.886), paired),
            ScoreChange("choice/accuracy", "tuned", rate, replace(rate, n=100), None, say("different rows: 5 only for tuned then")),
            ScoreChange("choice/old", say("rules"), replace(rate, value=None, interval=None, missing=say("nobody knows")), None),
            ScoreChange("choice/new", "tuned", None, rate),
        ],
        same=6,
    )  # fmt: skip
