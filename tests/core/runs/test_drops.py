"""Which rules took out how many rows, and when that is a warning."""

from __future__ import annotations

from seatrial.data.ledger import Entry, entries_to_table
from seatrial.runs.drops import Drops, worst_rules


def entry(line, rule, *, decisive=True):
    return Entry(
        row=f"r{line}",
        source="path:a.csv",
        file="a.csv",
        line=line,
        split="",
        stage="clean",
        filter="length",
        plugin="seatrial",
        rule=rule,
        rule_version="1",
        action="drop",
        decisive=decisive,
    )


def counted(*entries):
    drops = Drops()
    drops.add_entries(entries_to_table(entries))
    return drops


def test_rows_are_counted_by_the_rule_that_took_them_out_and_the_first_is_kept():
    drops = counted(
        entry(7, "too-long"), entry(9, "too-short"), entry(9, "too-long", decisive=False), entry(4, "too-long")
    )
    drops.add_entries(entries_to_table([entry(2, "too-short"), entry(3, "too-short")]))
    assert drops.facts() == [
        {"rule": "length/too-short", "rows": 3, "first": "a.csv:9"},
        {"rule": "length/too-long", "rows": 2, "first": "a.csv:7"},  # in the order of the rows, not of their numbers
    ]


def test_a_quarter_of_the_rows_is_a_warning_and_less_is_none():
    drops = counted(*(entry(line, "too-long") for line in range(1, 26)))
    (warning,) = drops.warnings("clean", 100)
    assert warning == (
        "clean: 25 of 100 rows (25.0%) were dropped: length/too-long 25 (first a.csv:1); what is left may no longer be the "
        "data that was meant."
    )
    assert drops.warnings("clean", 101) == []
    assert Drops().warnings("clean", 0) == []


def test_all_and_almost_all_are_told_apart():
    drops = Drops()
    drops.add("schema/empty", "a.csv:2", rows=99_999)
    assert "(99.9%)" in drops.warnings("clean", 100_000)[0]
    assert "(100%)" in drops.warnings("clean", 99_999)[0]


def test_a_message_names_three_rules_and_counts_the_others():
    drops = [{"rule": f"f/{n}", "rows": n, "first": f"a.csv:{n}"} for n in (1, 2000, 3, 4, 5)]
    assert (
        worst_rules(drops)
        == "f/2000 2,000 (first a.csv:2000), f/5 5 (first a.csv:5), f/4 4 (first a.csv:4) and 2 more rules"
    )


def test_nothing_dropped_says_nothing():
    assert counted(entry(1, "too-long", decisive=False)).facts() == []
