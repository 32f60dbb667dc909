"""Counts of the data stages, by the names that gates use."""

from __future__ import annotations

from seatrial.verdict.data_metrics import DATA_METRICS, data_gaps, data_values, filter_gaps, filter_values

FACTS = {
    "read": {"read": 12, "problems": 2},
    "clean": {"dropped": 1, "filters": [{"filter": "schema", "findings": 1, "dropped": 1}]},
    "decontaminate": {
        "filters": [
            {"filter": "leakage", "measures": {"held_out_items": 3, "held_out_share": 0.25}},
            {"filter": "again", "measures": {"held_out_items": 0}},
        ]
    },
    "gate": {},
}


def test_a_runs_own_counts_are_those_that_its_facts_hold():
    assert data_values(FACTS) == {"data/read": 12.0, "data/unreadable": 2.0, "data/dropped_by_cleaning": 1.0}
    assert data_values({}) == {}
    assert set(data_values(FACTS)) <= set(DATA_METRICS)


def test_files_that_break_off_are_counted():
    broken = [{"file": "a.csv", "line": 3}, {"file": "b.csv", "line": 1}]
    assert data_values({"read": {"broken_files": broken}}) == {"data/broken_files": 2.0}


def test_lists_are_counted():
    facts = {"decontaminate": {"composition": {"labels_not_in_train": ["a", "b"], "labels_not_in_test": []}}}
    assert data_values(facts) == {"data/labels_not_in_train": 2.0, "data/labels_not_in_test": 0.0}


def test_what_is_not_known_of_all_rows_is_no_count():
    composition = {
        "labels_not_in_test": [],
        "labels_not_in_train": [],
        "unknown": {"labels_not_in_test": "no train row has a label"},
    }
    facts = {"decontaminate": {"composition": composition}}
    assert data_values(facts) == {"data/labels_not_in_train": 0.0}
    assert data_gaps(facts) == {"data/labels_not_in_test": "no train row has a label"}
    assert data_gaps(FACTS) == {}


def test_what_filters_measured_is_called_by_their_aliases():
    assert filter_values(FACTS) == {
        "leakage/held_out_items": 3.0,
        "leakage/held_out_share": 0.25,
        "again/held_out_items": 0.0,
    }
    assert filter_values({}) == {}


def test_filters_say_why_they_did_not_measure_something():
    kept = {"clean": {"filters": [{"filter": "harm", "missing": {"parity": "no row"}}, {"filter": "unicode"}]}}
    assert filter_gaps(kept) == {"harm/parity": "no row"}
    assert filter_gaps({}) == {}


def test_a_count_of_what_nobody_took_out_is_not_known():
    facts = {"decontaminate": {"dropped": 0, "unknown": {"dropped": "no filter takes rows out"}}}
    assert "data/dropped_for_leakage" not in data_values(facts)
    assert data_gaps(facts) == {"data/dropped_for_leakage": "no filter takes rows out"}
