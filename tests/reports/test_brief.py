"""The few figures at the top of the page: of a model, and of data alone."""

from dataclasses import replace

from seatrial.data.ledger import entries_to_table
from seatrial.verdict import Decision, Verdict
from seatrial_reports.brief import build_brief, build_data_brief
from seatrial_reports.comparison import build_metrics
from seatrial_reports.datatrail import build_data_trail
from seatrial_reports.dimensions import build_dimensions
from seatrial_reports.view import build_view


def brief(result):
    return build_brief(result, build_dimensions(result, build_metrics(result)))


def test_a_rival_that_is_better_stands_at_the_top(scored):
    figures = brief(scored(tuned=80, base=20, encoder=90, majority=10))
    assert [(figure.name, figure.written, figure.tone) for figure in figures] == [
        ("tuned: choice/accuracy", "0.800", ""),
        ("before tuning: base", "0.200", "good"),
        ("best of the others: encoder", "0.900", "bad"),
    ]
    assert figures[2].beside == "tuned is worse by 0.100"


def test_the_brief_takes_the_metric_of_the_first_blocking_gate_and_one_of_each_other_dimension(plain_result, run):
    decisions = (
        Decision("agreement/rate", "pass", "block", "agreement/rate ≥ 0.5", "because"),
        Decision("latency/peak_bytes", "pass", "warn", "latency/peak_bytes ≤ 1", "because"),
    )
    result = replace(plain_result, verdict=Verdict("pass", "said", decisions))
    names = [figure.name for figure in brief(result)]
    assert names[0] == "tuned: agreement/rate"
    assert names[-2:] == ["tuned: attack/robust_accuracy", "tuned: latency/peak_bytes"]
    assert not any("naive_split" in name or "custom" in name for name in names)
    assert brief(run()) == ()


def test_a_gate_brings_a_dimension_of_the_data_to_the_top(plain_result):
    decision = Decision("naive_split/accuracy", "pass", "warn", "naive_split/accuracy ≤ 1", "because")
    result = replace(plain_result, verdict=Verdict("pass", "said", (decision,)))
    assert "tuned: naive_split/accuracy" in [figure.name for figure in brief(result)]


def test_data_alone_begins_with_what_was_read_kept_dropped_and_found_beside_test(plain_result):
    result = replace(plain_result, verdict=None)
    view = build_view(result)
    assert view.brief == build_data_brief(result, view.data)
    assert [(figure.name, figure.written, figure.beside) for figure in view.brief] == [
        ("records read", "400", "of 2 files"),
        ("rows kept", "385 (96.2%)", "train 256, validation 24, test 105"),
        ("dropped", "15", "reading 2, row by row 3, rows beside each other 6, train beside the held-out rows 4"),
        ("rows that leakage found", "4", "4 of them dropped"),
    ]


def test_rows_are_counted_as_redacted_once_each(plain_result, run, record, entry):
    found = [entry("r1", rule, "clean", action="redact", decisive=False) for rule in ("email", "phone")]
    read = record("read", read=3, problems=0, rows=3)
    result = run(verdict=None, records=[read], ledger=entries_to_table([*found, entry("r2")]))
    (figure,) = (figure for figure in build_data_brief(result, build_data_trail(result)) if figure.name == "redacted")
    assert figure.written == "1 row"
    assert build_data_brief(run(verdict=None), build_data_trail(run())) == ()
