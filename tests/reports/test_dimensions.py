"""What a coverage filter counted, as reports show it."""

from dataclasses import replace

import pytest

from seatrial.data.ledger import entries_to_table
from seatrial.evaluation.scores import Score
from seatrial_reports.cover import build_cover
from seatrial_reports.coverage import build_coverage, drawn_metrics
from seatrial_reports.html_report import HtmlReport, render_html
from seatrial_reports.leaks import build_leaks
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view


def test_parts_are_bars_in_shares_of_their_splits(plain_result, covered):
    (cover,) = build_coverage(covered(plain_result))
    topic, length, odd, empty = cover.dimensions
    first, second = topic.bars[:2]
    assert first.counts == ("train 0 (0.0%)", "test 40 (7.7%)", "validation 3")
    assert (first.gap, first.expected) == ("none in train", "122 would be expected")
    assert first.widths == (("train", 0.0), ("test", 100.0))  # of the largest share, 40 of 520
    assert second.widths[0] == ("train", pytest.approx(100 * (299 / 4380) / (40 / 520), abs=0.01))
    assert (second.gap, second.expected) == ("", "")
    assert topic.divergence == "0.047 bits, where chance alone gives about 0.006"
    assert (length.title, length.bars[0].gap, length.divergence) == (
        "length in characters",
        "few in test",
        "0.0002 bits",
    )
    assert odd.bars[0].widths == (("train", 100.0),)
    assert (empty.bars, empty.divergence) == ((), "")


def test_the_first_parts_shown_are_gaps_and_the_largest(plain_result, covered):
    topic, length, *_ = build_coverage(covered(plain_result))[0].dimensions
    assert [len(topic.shown), len(topic.rest), topic.others] == [10, 6, 4]
    assert topic.shown[0].gap
    assert {*topic.shown, *topic.rest} == set(topic.bars)
    assert (length.shown, length.rest) == (length.bars, ())


def test_neighbours_diversity_and_what_is_missing_are_told(plain_result, covered):
    (cover,) = build_coverage(covered(plain_result))
    assert (cover.near.lonely, cover.near.measure) == ("26 of 520 (5.0%)", "cosine of vectors below 0.5")
    assert cover.near.nearest == "minimum 0.12, median 0.9"
    assert [values for _, values in cover.diversity] == [("48.6", ""), ("0.228", ""), ("0.347", "0.310")]
    assert (cover.unmatched, cover.unmatched_why) == (
        "44 of 520 (8.5%)",
        "at most 2 of the 10 nearest rows stand in train",
    )
    assert [(one.name, one.size, one.labels, one.example) for one in cover.lacking] == [
        ("passcode, reset", "39 rows", "pin 39", "I forgot it.")
    ]
    assert (cover.absent, cover.empty) == ("tokens (the suite names no model)", ("slice",))


def test_what_could_not_be_found_is_not_told_as_none(run, record, tmp_path):
    why = "test has 4 rows with a topic: too few to tell"
    parts = [{"name": "card", "rows": {"train": 900, "test": 4}}]
    topic = {"name": "topic", "rows": {"train": 900, "test": 4}, "parts": parts, "divergence": 0.01, "lacks": why}
    facts = {"dimensions": [topic], "unmatched": {"lacks": "kinds of 9 or more are found"}}
    result = run(records=[record("decontaminate", filters=[{"filter": "coverage", "facts": facts}])])
    (cover,) = build_coverage(result)
    assert (cover.dimensions[0].lacks, cover.unmatched_lacks, cover.unmatched) == (
        why,
        "kinds of 9 or more are found",
        "",
    )
    (path,) = HtmlReport().write(result, tmp_path)
    section = path.read_text(encoding="utf-8").split('<section id="coverage">')[1].split("</section>")[0]
    assert "not told" in section
    assert ">none<" not in section
    assert "none of five rows or more" not in section
    text = render_markdown(build_view(result))
    for said in (section, text):
        assert why in said
        assert "kinds of 9 or more are found" in said
    assert any("topic" in line and line.count("not told") == 2 for line in text.splitlines())


def test_a_sample_is_called_one(run, record):
    near = {"compared": 300, "of": 3_000_000, "without_neighbour": 30, "threshold": 0.5, "measure": "cosine"}
    unmatched = {"compared": 300, "of": 3_000_000, "rows": 12, "most": 2, "neighbours": 10}
    facts = {"dimensions": [], "neighbours": near, "unmatched": unmatched}
    result = run(records=[record("decontaminate", filters=[{"filter": "coverage", "facts": facts}])])
    (cover,) = build_coverage(result)
    assert cover.near.lonely == "30 of 300 (10.0%), drawn from 3,000,000"
    assert cover.unmatched == "12 of 300 (4.0%), drawn from 3,000,000"


def test_a_filter_that_looks_for_gaps_is_none_that_looks_for_leaks(run, record, entry):
    gap = entry("r1", "no-neighbour", filter="coverage", action="flag", decisive=False, split="test")
    filters = [{"filter": "leakage"}, {"filter": "coverage", "facts": {"dimensions": []}}]
    result = run(records=[record("decontaminate", filters=filters)], ledger=entries_to_table([entry("r2"), gap]))
    leaks = build_leaks(result)
    assert (leaks.filters, leaks.findings, leaks.pairs_total) == (("leakage",), 1, 1)
    assert len(build_coverage(result)) == 1
    assert build_coverage(run()) == ()


def test_what_a_filter_draws_is_not_drawn_twice(run, record):
    stage = {"coverage": {"labels": {"a": {"train": 1}}, "slices": {"s": {"train": 1}}}}
    filters = [{"filter": "coverage", "facts": {"dimensions": [{"name": "label", "parts": []}]}}]
    assert [one.name for one in build_cover(run(records=[record("decontaminate", **stage)])).dimensions] == [
        "label",
        "slice",
    ]
    drawn = build_cover(run(records=[record("decontaminate", **stage, filters=filters)]))
    assert [one.name for one in drawn.dimensions] == ["slice"]


@pytest.mark.parametrize(
    "facts",
    [{"dimensions": "none"}, {"dimensions": [3, {"name": 4, "parts": [{"rows": {"train": "x"}}, "y"], "rows": 5}]}],
)
def test_odd_facts_are_nothing(run, record, facts, tmp_path):
    result = run(records=[record("decontaminate", filters=[{"filter": "c", "facts": facts}])])
    (path,) = HtmlReport().write(result, tmp_path)
    assert "Is every kind of row there?" in path.read_text()
    assert "## Coverage" in render_markdown(build_view(result))


def test_markdown_names_the_gaps(plain_result, covered):
    text = render_markdown(build_view(covered(plain_result)))
    assert "1: parcel, late, 0" in text
    assert "1: 1 to 9" in text
    assert "Test rows with no near train row: 26 of 520 (5.0%)." in text
    assert "Lacking: passcode, reset (39 rows: pin 39)." in text
    assert "Not looked for: tokens (the suite names no model)." in text
    assert "## Coverage" not in render_markdown(build_view(plain_result))


def test_a_kind_that_train_lacks_is_a_warning(plain_result, covered):
    said = "coverage: test has kinds of rows that train lacks: passcode, reset (39 rows)."
    assert said in build_view(covered(plain_result)).headline.warnings
    assert said not in build_view(plain_result).headline.warnings


def test_what_is_drawn_needs_no_table_unless_a_gate_holds_it(plain_result, covered):
    result = covered(plain_result)
    gated, drawn = (
        Score(f"coverage/{name}", "data", None, 1, "exact", "lower", missing="it was not measured")
        for name in ("topic_gaps_in_train", "slice_divergence")
    )
    decisions = (*result.verdict.decisions, replace(result.verdict.decisions[0], metric=gated.metric))
    result = replace(
        result, scores=[*result.scores, gated, drawn], verdict=replace(result.verdict, decisions=decisions)
    )
    assert drawn_metrics(result) == {drawn.metric}
    view = build_view(result)
    assert [block.metric for block in view.comparison.counts if block.scorer == "coverage"] == [gated.metric]
    assert [said for said in view.unmeasured if "coverage/" in said] == [f"{gated.metric}: it was not measured."]
    assert drawn_metrics(plain_result) == set()


def test_what_data_says_stays_text(build_result, covered, payloads, tmp_path):
    for payload in payloads:
        result = covered(build_result(), lambda text, payload=payload: f"{payload}{text}")
        (path,) = HtmlReport().write(result, tmp_path)
        section = path.read_text(encoding="utf-8").split('<section id="coverage">')[1].split("</section>")[0]
        assert "parcel, late" in section
        for begun in (
            "<script",
            "<img",
            "<iframe",
            "<style",
            "<base",
            "<form",
            "<meta",
            "<link",
            "<math",
            "onload=alert(5)>",
        ):
            assert begun not in section


def test_markdown_says_where_the_gaps_and_kinds_stand_that_it_does_not_name(run, record):
    parts = [{"name": f"topic {at}", "rows": {"test": 9, "train": 0}, "absent": "train"} for at in range(7)]
    groups = [{"name": f"kind {at}", "size": 9} for at in range(8)]
    facts = {
        "dimensions": [{"name": "topic", "rows": {"train": 50, "test": 63}, "parts": parts, "divergence": 0.5}],
        "unmatched": {"rows": 72, "compared": 100, "groups": groups},
    }
    view = build_view(run(records=[record("decontaminate", filters=[{"filter": "coverage", "facts": facts}])]))
    text = render_markdown(view)
    assert "7: topic 0; topic 1; topic 2; topic 3; topic 4; …" in text
    assert "Of the gaps of each kind the first 5 are named: all stand in index.html." in text
    assert "3 more kinds of test rows that train lacks: see index.html." in text
    html = render_html(view)
    assert all(f"topic {at}" in html for at in range(7))
    assert all(f"kind {at}" in html for at in range(8))
    (warning,) = [said for said in view.headline.warnings if "kinds of rows" in said]
    assert warning.endswith("kind 4 (9 rows) and 3 more.")
