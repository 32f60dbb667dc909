"""The headline: verdict, gates, warnings."""

from dataclasses import replace

from seatrial.verdict import Decision, Verdict
from seatrial_reports.headline import build_headline


def test_the_gates_own_reason_is_told_once(plain_result):
    decision = Decision("a/b", "fail", "block", "a/b ≥ 0.5", "upper bound 0.4 < 0.5 (2 of 9)")
    verdict = Verdict("fail", "1 of 2 blocking gates failed: a/b ≥ 0.5: upper bound 0.4 < 0.5 (2 of 9)", (decision,))
    headline = build_headline(replace(plain_result, verdict=verdict))
    assert headline.reason == "1 of 2 blocking gates failed: a/b ≥ 0.5"
    assert headline.gates[0].reason == "upper bound 0.4 < 0.5 (2 of 9)"


def test_a_count_has_no_n_and_no_method(run):
    counted = Decision("data/read", "pass", "block", "data/read ≥ 1", "9 rows", 9.0, None, None, 1, "exact")
    (line,) = build_headline(run(verdict=Verdict("pass", "said", (counted,)))).gates
    assert (line.value, line.n, line.method, line.bounds) == ("9", "", "", "")


def test_what_stages_warn_of_is_a_warning_and_so_are_labels_that_train_lacks(run, record):
    much = "leakage: 25 of 100 rows (25.0%) were dropped: leakage/exact 25 (first rows.csv:2)."
    facts = {"rows_in": 100, "dropped": 25, "rows_out": 75, "warnings": [much]}
    lost = record("decontaminate", **facts, composition={"labels_not_in_train": ["billing", "returns"]})
    assert set(build_headline(run(records=[lost])).warnings[:2]) == {
        much,
        "test has labels that train has no row of: billing, returns.",
    }
