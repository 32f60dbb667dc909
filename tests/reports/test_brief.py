"""The few figures at the top of the page: of a model, and of data alone."""

from dataclasses import replace

from seatrial.data.ledger import entries_to_table
from seatrial.verdict import Decision, Verdict
from seatrial_reports.brief import build_brief, build_data_brief
from seatrial_reports.comparison import build_comparison
from seatrial_reports.datatrail import build_data_trail
from seatrial_reports.view import build_view


def test_a_rival_that_is_better_stands_at_the_top(scored):
    result = scored(tuned=80, base=20, encoder=90, majority=10)
    figures = build_brief(result, build_comparison(result))
    assert [(figure.name, figure.written, figure.tone) for figure in figures] == [
        ("tuned: choice/accuracy", "0.800", ""),
        ("before tuning: base", "0.200", "good"),
        ("best of the others: encoder", "0.900", "bad"),
    ]
    assert figures[2].beside == "tuned is worse by 0.100"


def test_the_brief_takes_the_metric_of_the_first_blocking_gate_and_the_attack(plain_result, run):
    decision = Decision("agreement/rate", "pass", "block", "agreement/rate ≥ 0.5", "because")
    result = replace(plain_result, verdict=Verdict("pass", "said", (decision,)))
    names = [figure.name for figure in build_brief(result, build_comparison(result))]
    assert names[0] == "tuned: agreement/rate"
    assert names[-1] == "tuned: attack/robust_accuracy"
    assert build_brief(run(), build_comparison(run())) == ()


def test_data_alone_begins_with_what_was_read_kept_dropped_and_leaked(plain_result):
    result = replace(plain_result, verdict=None)
    view = build_view(result)
    assert view.brief == build_data_brief(result, view.data)
    assert [(figure.name, figure.written, figure.beside) for figure in view.brief] == [
        ("records read", "400", "of 2 files"),
        ("rows kept", "385 (96.2%)", "train 256, validation 24, test 105"),
        ("dropped", "15", "reading 2, row filters 3, comparing filters 6, leakage 4"),
        ("held-out texts that train gives away", "4 (3.1%)", "of 129"),
    ]


def test_rows_are_counted_as_redacted_once_each(plain_result, run, record, entry):
    found = [entry("r1", rule, "clean", action="redact", decisive=False) for rule in ("email", "phone")]
    read = record("read", read=3, problems=0, rows=3)
    result = run(verdict=None, records=[read], ledger=entries_to_table([*found, entry("r2")]))
    (figure,) = (figure for figure in build_data_brief(result, build_data_trail(result)) if figure.name == "redacted")
    assert figure.written == "1 row"
    assert build_data_brief(run(verdict=None), build_data_trail(run())) == ()
