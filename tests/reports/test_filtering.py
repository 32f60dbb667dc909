"""What each filter did is counted from the ledger and told in words."""

from seatrial.data.ledger import entries_to_table
from seatrial_reports.datatrail import build_data_trail
from seatrial_reports.filtering import build_filters


def test_what_a_filter_did_is_told_in_words(run, record, entry):
    found = [
        *(entry(f"r{i}", "copy", "deduplicate") for i in range(3)),
        entry("r0", "near", "deduplicate", decisive=False),
        entry("r4", "near", "deduplicate"),
        *(entry(f"r{i}", "card", "deduplicate", action="redact", decisive=False) for i in (5, 5, 6)),
        *(entry(f"r{i}", "odd", "deduplicate", action="flag", decisive=False) for i in (1, 7)),
    ]
    quiet = {"filter": "quiet", "plugin": "p", "summary": "Looks.", "weak": True, "unseen": "this"}
    loud = {"filter": "f", "plugin": "p", "summary": "Finds.", "rules": {"copy": "The same."}}
    first, second = build_filters(
        run(ledger=entries_to_table(found), records=[record("deduplicate", filters=[quiet, loud])])
    )
    assert (first.filter, first.rules, first.outcomes, first.weak, first.unseen) == ("quiet", (), (), True, "this")
    assert (second.findings, second.rows, second.dropped) == (10, 7, 4)
    assert second.outcomes == ("4 rows dropped", "2 rows redacted", "2 rows flagged and kept")
    assert [rule.done for rule in second.rules] == [
        "3 rows dropped",
        "2 rows, 1 dropped by it (the rest were out already)",
        "3 findings in 2 rows redacted",
        "2 rows flagged and kept",
    ]
    assert [rule.summary for rule in second.rules] == ["The same.", "", "", ""]


def test_loud_filters_are_told_apart_from_quiet_ones(plain_result):
    data = build_data_trail(plain_result)
    assert [block.filter for block in data.quiet] == ["toxicity", "coverage"]
    assert len(data.loud) + len(data.quiet) == len(data.filters)
