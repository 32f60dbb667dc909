import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.errors import StoreError
from seatrial.evaluation.scores import Interval, Metric, Score
from seatrial.verdict import Decision, Verdict
from seatrial.verdict.codec import from_json, to_json

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MAYBE = st.none() | FINITE
TEXT = st.text(max_size=30)
KINDS = st.sampled_from(["proportion", "mean", "percentile", "maximum", "ratio_of_means", "corpus", "exact"])
BETTER = st.sampled_from(["higher", "lower"])
INTERVALS = st.builds(Interval, st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), FINITE, TEXT)
SCORES = st.builds(
    Score, TEXT, TEXT, MAYBE, st.integers(0), KINDS, BETTER, TEXT, st.none() | INTERVALS, st.none() | TEXT, TEXT
)
METRICS = st.builds(
    Metric, TEXT, TEXT, KINDS, BETTER, TEXT, TEXT, MAYBE, st.none() | TEXT, st.none() | st.tuples(FINITE, FINITE)
)
OUTCOMES = st.sampled_from(["pass", "fail", "inconclusive", "error"])
DECISIONS = st.builds(
    Decision,
    TEXT,
    OUTCOMES,
    st.sampled_from(["block", "warn", "info"]),
    TEXT,
    TEXT,
    MAYBE,
    MAYBE,
    MAYBE,
    st.integers(0),
    TEXT,
    st.none() | st.integers(1),
)
VERDICTS = st.builds(
    Verdict, OUTCOMES, TEXT, st.lists(DECISIONS, max_size=3).map(tuple), st.lists(TEXT, max_size=3).map(tuple)
)


@given(SCORES | METRICS | DECISIONS | VERDICTS | INTERVALS)
def test_what_is_written_as_strict_json_is_read_back_the_same(value):
    text = json.dumps(to_json(value), allow_nan=False)
    assert from_json(type(value), json.loads(text)) == value


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_saved_as_missing_with_the_reason(bad):
    saved = to_json(Score("choice/accuracy", "tuned", bad, 10, "mean", "higher", interval=Interval(0, 1, 0.95, "t")))
    assert (saved["value"], saved["interval"], saved["missing"]) == (None, None, "the number was NaN or infinite")


def test_an_interval_without_an_end_is_saved_as_no_interval():
    saved = to_json(Score("a/b", "tuned", 0.5, 10, "mean", "higher", interval=Interval(0, math.inf, 0.95, "t")))
    assert (saved["value"], saved["interval"]) == (0.5, None)
    assert saved["missing"] == "no interval: the number was NaN or infinite"


@pytest.mark.parametrize("field", ["value", "lower", "upper"])
def test_a_decision_on_what_is_no_number_is_never_saved_as_a_pass(field):
    saved = to_json(Decision("a/b", "pass", "block", "a/b ≥ 0", "because", **{field: math.nan}))
    assert (saved["outcome"], saved[field]) == ("error", None)
    assert saved["reason"] == f"because ({field}: the number was NaN or infinite)"


def test_a_metric_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"Metric\.q is nan"):
        to_json(Metric("p", "c", "percentile", "lower", "", q=math.nan))
    with pytest.raises(ValueError, match=r"Metric\.limits"):
        to_json(Metric("p", "c", "mean", "lower", "", limits=(0.0, math.inf)))


SCORE = to_json(
    Score("choice/accuracy", "tuned", 0.9, 10, "proportion", "higher", interval=Interval(0.6, 1.0, 0.95, "Wilson"))
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": "10"}, "Score.n: '10' is not a int"),
        ({"n": True}, "Score.n: True is not a int"),
        ({"value": "0.9"}, "Score.value: '0.9' is not a float"),
        ({"value": math.nan}, "Score.value: nan is not a float"),
        ({"better": "bigger"}, "Score.better: 'bigger' is not a Literal"),
        ({"interval": {"low": 0.6}}, "Score.interval: field 'high' is absent"),
        ({"interval": 3}, "Score.interval: expected an object, found int"),
        ({"colour": 1}, "Score: unknown field 'colour'; it was written by another version of seatrial"),
    ],
)
def test_a_damaged_record_is_named_field_by_field(change, message):
    with pytest.raises(StoreError) as caught:
        from_json(Score, {**SCORE, **change})
    assert message in str(caught.value)


def test_an_absent_field_is_named():
    with pytest.raises(StoreError, match=r"Score: field 'metric' is absent"):
        from_json(Score, {key: value for key, value in SCORE.items() if key != "metric"})


def test_a_field_with_a_default_may_be_absent():
    assert from_json(Score, {key: value for key, value in SCORE.items() if key != "unit"}).unit == ""


def test_a_damaged_decision_inside_a_verdict_is_named_with_its_place():
    record = to_json(Verdict("pass", "fine", (Decision("a/b", "pass", "block", "c", "r"),)))
    record["decisions"][0]["outcome"] = "maybe"
    with pytest.raises(StoreError, match=r"Verdict.decisions\[0\].outcome: 'maybe' is not a"):
        from_json(Verdict, record)
