"""Flag rates by identity term, as reports tell them."""

import re

import pytest

from seatrial_reports.html_report import render_html
from seatrial_reports.identity import build_identity, identity_warnings
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view


def rate(axis, term, flagged, n, surely=None, **excess):
    named = {"axis": axis, "term": term, "surely": surely, "n": n, "flagged": flagged, "rate": flagged / n}
    return named | {"low": flagged / n / 2, "high": (1 + flagged / n) / 2} | excess


def facts(*lines, none=None, compared=2):
    rates = {"terms_of": "the suite", "terms": 9, "least": 20, "compared": compared, "lines": list(lines)}
    everything = {"n": 400, "flagged": 40, "rate": 0.1, "low": 0.07, "high": 0.13}
    return {"filter": "harm", "facts": {"flag_rates": rates | {"all": everything, "none": none or {"n": 0}}}}


NONE = {"n": 300, "flagged": 9, "rate": 0.03, "low": 0.0138, "high": 0.0562}
SIKH = rate("religion", "sikh", 25, 50, 0.31, excess=0.47, excess_low=0.33, excess_high=0.61) | {
    "ratio": 16.666667,
    "ratio_low": 8.1234,
    "ratio_high": 1234.5,
}
HINDU = rate("religion", "hindu", 0, 25, -0.03, excess=-0.03, excess_low=-0.0562, excess_high=0.11)
ELDERLY = rate("age", "elderly", 2, 5)


@pytest.fixture
def block_of(run, record):
    def build(one):
        (block,) = build_identity(run(records=[record("clean", filters=[one])]))
        return block

    return build


def test_terms_stand_beside_the_rows_that_name_none(block_of):
    block = block_of(facts(HINDU, SIKH, ELDERLY, none=NONE))
    assert (block.filter, block.least, block.absent, block.terms_of) == ("harm", 20, 6, "the suite")
    assert (block.none.flagged, block.none.rate, block.none.interval) == ("9 of 300", "3.0%", "1.4% to 5.6%")
    assert [line.named for line in block.lines] == ["sikh", "hindu"]
    sikh, hindu = block.lines
    assert (sikh.flagged, sikh.rate, sikh.excess, sikh.excess_interval) == (
        *("25 of 50", "50.0%"),
        *("+0.470", "+0.330 to +0.610"),
    )
    assert (sikh.ratio, sikh.ratio_interval) == ("16.7", "8.12 to 1,234")
    assert (sikh.surely, hindu.surely, hindu.excess) == (True, False, "-0.030")
    assert block.few == "elderly 5"


def test_a_ratio_to_none_is_told_by_its_lower_bound(block_of):
    unbounded = {"ratio": None, "ratio_low": 135.7, "ratio_high": None}
    (line,) = block_of(facts(SIKH | unbounded, none=NONE | {"flagged": 0, "rate": 0.0})).lines
    assert (line.ratio, line.ratio_interval) == ("", "136 or more")
    (line,) = block_of(facts(SIKH | {"ratio": 1.2, "ratio_low": 0.00123, "ratio_high": 99.951}, none=NONE)).lines
    assert (line.ratio, line.ratio_interval) == ("1.20", "0.0012 to 100.0")
    (line,) = block_of(facts(HINDU | unbounded | {"ratio_low": 0.0}, none=NONE)).lines
    assert (line.ratio, line.ratio_interval) == ("", "")


def test_a_run_from_before_there_were_ratios_is_told_without(block_of):
    (line,) = block_of(facts(HINDU, none=NONE)).lines
    assert (line.excess, line.ratio, line.ratio_interval) == ("-0.030", "", "")


def test_dots_stand_on_one_axis_with_the_rate_of_the_others(block_of):
    block = block_of(facts(HINDU, SIKH, none=NONE))
    # The highest bound is .75, so the axis goes to .8.
    assert [tick.label for tick in block.plot.ticks] == ["0", "0.2", "0.4", "0.6", "0.8"]
    assert (block.none.dot.at, block.lines[0].dot.at, block.lines[1].dot.at) == (3.75, 62.5, 0.0)
    assert (block.lines[0].dot.low, block.lines[0].dot.high) == (31.25, 93.75)
    assert [(mark.at, mark.label) for mark in block.plot.thresholds] == [(3.75, "none")]


def test_an_axis_of_rates_ends_at_one(block_of):
    block = block_of(facts(rate("age", "old", 60, 60, 0.9, excess=0.97, excess_low=0.9, excess_high=1), none=NONE))
    assert block.plot.ticks[-1].label == "1"
    assert block.lines[0].dot.at == 100


def test_it_is_said_in_words(block_of):
    assert block_of(facts(SIKH, none=NONE)).said == (
        "40 of 400 rows with text were flagged (10.0%); of those that name none of the terms, 9 of 300 (3.0%). Groups "
        "with 20 rows or more: 1, of which flagged more often than chance explains: sikh."
    )
    assert "more often than chance explains: none." in block_of(facts(HINDU, none=NONE)).said
    assert "Nothing can be compared" in block_of(facts(ELDERLY, compared=0)).said


def test_what_chance_does_not_explain_is_a_warning(run, record):
    axis = rate("religion", "", 25, 75, 0.2, excess=0.3, excess_low=0.25, excess_high=0.4)
    result = run(records=[record("clean", filters=[facts(axis, HINDU, SIKH, none=NONE)])])
    (warning,) = identity_warnings(result)
    assert warning.startswith(
        "harm: rows that name sikh, any term of religion are flagged more often than rows that name no"
    )
    assert identity_warnings(run(records=[record("clean", filters=[facts(HINDU, none=NONE)])])) == []


@pytest.mark.parametrize("kept", [{}, {"flag_rates": "odd"}, {"flag_rates": {"all": {"n": 0}, "lines": [{"n": "x"}]}}])
def test_a_filter_without_rates_has_no_block(run, record, kept):
    assert build_identity(run(records=[record("clean", filters=[{"filter": "f", "facts": kept}])])) == ()


def test_both_reports_show_it(plain_result):
    view = build_view(plain_result)
    page, document = render_html(view), render_markdown(view)
    assert 'aria-label="sikh: 0.500 (0.000 to 0.600), n = 50"' in page
    assert "any term of religion" in page
    assert '<tr role="row" class="trial">' in page
    assert "## Flag rates by identity term: toxicity" in document
    assert "25 of 50" in document
    assert re.search(r"\| +16\.7 \| +8\.33 to 33\.3 \|", document)
    assert 'data-name="times as often">16.7 <span class="soft small">(8.33 to 33.3)</span>' in page
    assert "Too few rows to compare (fewer than 20): elderly 5." in document
