"""Scores side by side."""

import math
from dataclasses import replace

import pytest

from seatrial.evaluation.scores import Interval, Score
from seatrial_reports.comparison import build_metrics


def test_the_system_on_trial_comes_first_then_the_base(plain_result):
    accuracy, *_ = build_metrics(plain_result)
    assert [line.system for line in accuracy.lines] == [
        *("tuned", "base", "base-4shot", "majority", "tfidf-logistic-regression", "minilm-logistic-regression")
    ]
    assert [tick.label for tick in accuracy.plot.thresholds] == ["gate ≥ 0.8"]
    assert accuracy.plot.thresholds[0].at == 80
    assert accuracy.lines[0].dot.at == pytest.approx(100 * 94 / 105, abs=0.001)


def test_a_missing_score_is_a_word_and_no_dot(bare):
    scores = [
        Score("s/m", "base", 0.5, 10, "mean", "higher", interval=Interval(0.4, 0.6, 0.95, "t")),
        Score("s/m", "other", None, 0, "mean", "higher", missing="it crashed"),
        Score("s/m", "odd", math.nan, 3, "mean", "higher"),
        Score("s/m", "third", 0.1, 10, "mean", "higher"),
    ]
    (block,) = build_metrics(replace(bare, scores=scores))
    lines = {line.system: line for line in block.lines}
    assert (lines["other"].value, lines["other"].missing, lines["other"].dot) == ("missing", "it crashed", None)
    assert (lines["odd"].value, lines["odd"].dot) == ("missing", None)
    assert lines["base"].dot.low == 40
    assert build_metrics(replace(bare, scores=scores[:1]))[0].plot is None
