import math
from dataclasses import replace

import numpy as np
import pytest

from seatrial.errors import ContractError
from seatrial.verdict import Decision
from seatrial.verdict.codec import from_json, to_json
from seatrial.verdict.judgement import judge
from seatrial.verdict.settlement import settle

GOOD = Decision("s/accuracy", "pass", "block", "s/accuracy ≥ 0.5", "it did well", 0.9, 0.8, 0.95, 100, "Wilson")


def settled(most=None, **changes):
    who = "gate odd (plugin faulty)"
    return settle(replace(GOOD, **changes), metric="s/accuracy", severity="block", who=who, most=most)


def test_a_decision_that_says_what_was_asked_is_left_as_it_is():
    assert settled() == GOOD
    assert settled(outcome="fail", value=None) == replace(GOOD, outcome="fail", value=None)


@pytest.mark.parametrize("field", ["value", "lower", "upper"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_pass_on_a_number_that_is_none_is_an_error(field, number):
    found = settled(**{field: number})
    assert (found.outcome, getattr(found, field)) == ("error", None)
    assert f"{field}: the number was NaN or infinite" in found.reason


@pytest.mark.parametrize("outcome", ["fail", "inconclusive", "error"])
def test_what_does_not_pass_stays_what_it_is_without_the_number(outcome):
    found = settled(outcome=outcome, lower=math.nan)
    assert (found.outcome, found.lower) == (outcome, None)


def test_a_pass_without_a_value_is_an_error():
    assert settled(value=None).outcome == "error"
    assert settled(value=None).reason == "it passed without a value (its reason: it did well)"


def test_a_pass_on_more_rows_than_were_scored_is_an_error():
    assert settled(most=100) == GOOD
    beyond = settled(most=99)
    assert (beyond.outcome, beyond.n) == ("error", 100)
    assert "it passed on 100 rows, and 99 were scored" in beyond.reason


@pytest.mark.parametrize("outcome", ["pass", "fail", "inconclusive", "error"])
def test_a_gate_takes_neither_another_severity_nor_another_metric(outcome):
    milder = settled(severity="info", outcome=outcome)
    assert (milder.outcome, milder.severity) == ("error", "block")
    assert "the suite gives it severity block and it took info" in milder.reason
    elsewhere = settled(metric="s/easy", outcome=outcome)
    assert (elsewhere.outcome, elsewhere.metric) == ("error", "s/accuracy")
    assert "it was asked about s/accuracy and decided on s/easy" in elsewhere.reason


def test_numpys_numbers_become_plain_ones():
    found = settled(value=np.float32(0.5), lower=np.float64(0.4), n=np.int64(7))
    assert (type(found.value), type(found.lower), type(found.n)) == (float, float, int)
    assert from_json(Decision, to_json(found)) == found


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("outcome", "passed", "one of pass, fail, inconclusive, error"),
        ("outcome", True, "one of pass"),
        ("severity", "blocker", "one of block, warn, info"),
        ("metric", None, "text"),
        ("reason", 3, "text"),
        ("value", "0.9", "a number or None"),
        ("upper", True, "a number or None"),
        ("n", None, "a whole number from 0 up"),
        ("n", -1, "a whole number from 0 up"),
        ("needed_n", 1.5, "a whole number from 0 up"),
        ("clusters", "21", "a whole number from 0 up"),
    ],
)
def test_a_field_of_another_type_names_the_gate_and_its_plugin(field, value, wanted):
    with pytest.raises(ContractError, match=rf"gate odd \(plugin faulty\) .*`{field}`.*{wanted}"):
        settled(**{field: value})


def test_what_is_judged_is_what_is_saved():
    for decision in (settled(value=math.nan), settled(upper=math.inf), settled(severity="warn")):
        verdict = judge([decision])
        assert (verdict.state, verdict.exit_code) == ("error", 3)
        assert to_json(verdict)["decisions"][0]["outcome"] == "error"
