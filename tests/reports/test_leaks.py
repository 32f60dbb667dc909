"""Train rows stand beside the held-out rows and benchmark items that they give away."""

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.data.ledger import entries_to_table
from seatrial_reports.html_report import HtmlReport
from seatrial_reports.leaks import build_leaks
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view


def test_each_leaked_row_stands_beside_what_it_gives_away(tmp_path, run, entry):
    found = [entry("r1"), entry("r1", "tulu3", decisive=False), entry("r2", matched_row="t2", matched_text="two")]
    result = run(ledger=entries_to_table(found), folder=tmp_path)
    leaks = build_leaks(result)
    assert (leaks.findings, leaks.rows, leaks.dropped, leaks.pairs_total) == (3, 2, 2, 2)
    first, second = leaks.pairs
    assert (first.train_text, first.train_place, first.rules) == ("r1 says\nlabel", "train.csv:1", ("exact", "tulu3"))
    assert (first.other_text, first.other_row, first.other_place) == ("shared", "t1", "")
    assert (second.other_row, second.rules) == ("t2", ("exact",))
    assert leaks.nameless

    (tmp_path / "data").mkdir()
    rows = pa.table({"id": ["t1", "t2"], "file": ["test.csv", "test.csv"], "line": pa.array([7, 9], pa.int64())})
    pq.write_table(rows, tmp_path / "data/raw.parquet")
    leaks = build_leaks(result)
    assert [pair.other_place for pair in leaks.pairs] == ["test.csv:7", "test.csv:9"]
    assert not leaks.nameless

    (tmp_path / "data/raw.parquet").write_bytes(b"no table")
    assert [pair.other_place for pair in build_leaks(result).pairs] == ["", ""]


def test_a_finding_about_a_test_row_is_told_from_the_train_row(run, entry):
    found = [entry("r1", split="test", file="test.csv", matched_row="r9", matched_text="train says")]
    (pair,) = build_leaks(run(ledger=entries_to_table(found))).pairs
    assert (pair.train_row, pair.train_text) == ("r9", "train says")
    assert (pair.other_row, pair.other_place) == ("r1", "test.csv:1")


def test_groups_tell_what_each_rule_found_of_the_held_out_rows_and_of_benchmarks(run, record):
    facts = {
        "filter": "leakage",
        "measures": {"held_out_contaminated": 30.0},
        "facts": {
            "groups": {
                "held_out": {"items": 300, "contaminated": {"exact": 0, "tulu3": 30}},
                "gsm8k": {"items": 1319, "contaminated": {"exact": 0, "tulu3": 0}},
                "odd": {"items": "many"},
                "odder": 3,
            }
        },
    }
    leaks = build_leaks(run(records=[record("decontaminate", filters=[facts])]))
    assert [(group.name, group.items, group.given_away, group.by_rule) for group in leaks.groups] == [
        ("held-out", "300", "30 (10.0%)", (("exact", "0"), ("tulu3", "30 (10.0%)"))),
        ("gsm8k", "1,319", "", (("exact", "0"), ("tulu3", "0"))),
    ]
    assert leaks.pairs == ()
    assert not any(group.partly for group in leaks.groups)


def test_where_nothing_could_be_found_it_is_not_said_that_nothing_was(run, record, tmp_path):
    why = "no item of gsm8k has text enough of its own for tulu3"
    groups = {
        "held_out": {"items": 300, "looked_for": {"tulu3": 120}, "contaminated": {"tulu3": 3}},
        "gsm8k": {"items": 9, "looked_for": {"tulu3": 0}, "contaminated": {"tulu3": 0}},
    }
    facts = {
        "filter": "leakage",
        "measures": {"held_out_contaminated": 3.0},
        "missing": {"gsm8k_contaminated": why, "gsm8k_contaminated_share": why},
        "facts": {"groups": groups},
    }
    result = run(records=[record("decontaminate", filters=[facts])])
    leaks = build_leaks(result)
    assert [(group.given_away, group.by_rule) for group in leaks.groups] == [
        ("3 (1.0%)", (("tulu3", "3 (1.0%) (180 not looked for)"),)),
        ("not known", (("tulu3", "0 (9 not looked for)"),)),
    ]
    assert (leaks.filters, leaks.unknown) == (("leakage",), (f"leakage: {why}",))
    assert all(group.partly for group in leaks.groups)
    assert "Not looked for: texts too short for a rule" in render_markdown(build_view(result))
    (path,) = HtmlReport().write(result, tmp_path)
    assert "Not looked for: texts too short for a rule" in path.read_text(encoding="utf-8")
    blind = {"filter": "leakage", "measures": {}, "missing": {"held_out_contaminated": "there is no held-out row"}}
    result = run(records=[record("decontaminate", filters=[blind])])
    assert build_leaks(result).filters == ()
    (path,) = HtmlReport().write(result, tmp_path)
    for said in (path.read_text(encoding="utf-8"), render_markdown(build_view(result))):
        assert "leakage: there is no held-out row" in said
        assert "nothing was found" not in said
        assert "the suite has no leakage filter" not in said
