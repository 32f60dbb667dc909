"""Rows stand beside the ones that they were matched with, whichever filter matched them."""

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.data.ledger import entries_to_table
from seatrial_reports.filtering import build_filters
from seatrial_reports.html_report import render_html
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.pairs import build_pairs
from seatrial_reports.view import build_view


def test_each_row_stands_beside_its_match(tmp_path, run, entry):
    found = [entry("r1"), entry("r1", "tulu3", decisive=False), entry("r2", matched_row="t2", matched_text="two")]
    result = run(ledger=entries_to_table(found), folder=tmp_path)
    pairs = build_pairs(result, "decontaminate", "leakage")
    first, second = pairs.pairs
    assert pairs.total == 2
    assert (first.text, first.place, first.split, first.rules) == (
        "r1 says\nlabel",
        "train.csv:1",
        "train",
        ("exact", "tulu3"),
    )
    assert (first.other_text, first.other_row, first.other_place) == ("shared", "t1", "")
    assert (second.other_row, second.rules) == ("t2", ("exact",))
    assert pairs.nameless

    (tmp_path / "data").mkdir()
    rows = pa.table({"id": ["t1", "t2"], "file": ["test.csv", "test.csv"], "line": pa.array([7, 9], pa.int64())})
    pq.write_table(rows, tmp_path / "data/raw.parquet")
    pairs = build_pairs(result, "decontaminate", "leakage")
    assert [pair.other_place for pair in pairs.pairs] == ["test.csv:7", "test.csv:9"]
    assert not pairs.nameless

    (tmp_path / "data/raw.parquet").write_bytes(b"no table")
    assert [pair.other_place for pair in build_pairs(result, "decontaminate", "leakage").pairs] == ["", ""]


def test_each_filter_has_its_own_pairs_and_one_that_matched_nothing_has_none(run, entry):
    found = [entry("r1"), entry("r2", filter="gaps", matched_row=None, matched_text=None), entry("r3", filter="near")]
    filters = {one.filter: one.pairs for one in build_filters(run(ledger=entries_to_table(found)))}
    assert [pair.row for pair in filters["leakage"].pairs] == ["r1"]
    assert [pair.row for pair in filters["near"].pairs] == ["r3"]
    assert filters["gaps"] is None


def test_of_very_many_pairs_the_first_are_listed_and_all_counted(run, entry):
    found = [entry(f"r{at}", matched_row=f"t{at}") for at in range(450)]
    view = build_view(run(ledger=entries_to_table(found)))
    assert (len(view.data.showing[0].pairs.pairs), view.data.showing[0].pairs.total) == (200, 450)
    assert "190 more of 450 (the rest stands in the ledger)" in " ".join(render_html(view).split())
    assert "445 more: see index.html or the ledger." in render_markdown(view)


def test_question_and_answer_are_told_apart_where_a_row_is_quoted(run, entry):
    matched = "Where is my parcel?\ndelivery"
    view = build_view(run(ledger=entries_to_table([entry("r1", detail="", matched_text=matched)])))
    html, text = render_html(view), render_markdown(view)
    assert '<span class="turn">r1 says</span><span class="turn">label</span>' in html
    assert '<span class="turn">Where is my parcel?</span><span class="turn">delivery</span>' in html
    assert "r1 says ⏎ label" in text
    assert "Where is my parcel? ⏎ delivery" in text
