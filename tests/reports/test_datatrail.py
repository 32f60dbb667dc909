"""The trail of the data: what came in, what each filter did, what it has to show."""

from dataclasses import replace
from datetime import UTC, datetime

from seatrial.data.ledger import entries_to_table
from seatrial.runs.events import Record
from seatrial_reports.datatrail import build_data_trail
from seatrial_reports.headline import build_headline


def with_record(result, stage, **facts):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    others = [r for r in result.records if r.stage != stage]
    return replace(result, records=[*others, Record(stage, "k", moment, 1.0, False, 1, {}, facts)])


def test_the_flow_adds_up_and_says_when_it_does_not(plain_result):
    flow = build_data_trail(plain_result).flow
    assert [(s.stage, s.rows_in, s.dropped, s.rows_out) for s in flow] == [
        ("read", 400, 2, 398),
        ("clean", 398, 3, 395),
        ("deduplicate", 395, 6, 389),
        ("decontaminate", 389, 4, 385),
    ]
    assert all(step.adds_up for step in flow)
    broken = with_record(plain_result, "clean", rows_in=398, dropped=3, rows_out=390)
    assert not next(s for s in build_data_trail(broken).flow if s.stage == "clean").adds_up
    assert any("do not add up" in warning for warning in build_headline(broken).warnings)


def test_filters_are_counted_from_the_ledger(plain_result):
    filters = {block.filter: block for block in build_data_trail(plain_result).filters}
    assert list(filters) == ["jsonl", "unicode", "length", "toxicity", "duplicates", "leakage", "coverage"]
    assert filters["toxicity"].rules == ()
    exact, conflict = filters["duplicates"].rules
    assert (exact.rule, exact.action, exact.findings, exact.rows, exact.dropped) == ("exact", "drop", 6, 6, 6)
    assert (conflict.rule, conflict.action, conflict.findings, conflict.dropped) == ("conflict", "flag", 2, 0)
    assert [example.place for example in exact.examples] == [f"support/billing.jsonl:{n}" for n in (30, 31, 32)]
    assert exact.examples[0].matched_row == "feed"
    assert (exact.summary, exact.done) == ("What exact means.", "6 rows dropped")
    assert (conflict.done, filters["duplicates"].outcomes) == (
        "2 rows flagged and kept",
        ("6 rows dropped", "2 rows flagged and kept"),
    )
    assert (filters["toxicity"].weak, filters["toxicity"].unseen) == (True, "names of people")
    assert filters["unicode"].outcomes == ("1 row repaired",)
    assert exact.examples[0].score == "0.97"


def test_what_filters_have_to_show_is_kept_apart_from_what_they_found(plain_result):
    data = build_data_trail(plain_result)
    assert [block.filter for block in data.showing] == ["toxicity", "leakage", "coverage"]
    assert [block.filter for block in data.quiet] == ["toxicity", "coverage"]
    coverage = data.showing[-1]
    assert coverage.missing == ("rare_share: too few rows",)
    assert [block.title for block in coverage.blocks] == [
        "Kinds of rows",
        "Gaps between train and test",
        "Rows by topic",
    ]


def test_of_rows_that_were_kept_although_a_filter_flagged_them_more_are_shown(run, entry):
    flagged = [entry(f"r{i}", "odd", "clean", action="flag", decisive=False) for i in range(30)]
    dropped = [entry(f"r{i}", "copy", "clean") for i in range(40, 70)]
    (block,) = build_data_trail(run(ledger=entries_to_table([*flagged, *dropped]))).filters
    assert {rule.rule: len(rule.examples) for rule in block.rules} == {"odd": 20, "copy": 3}
