"""Findings as reports quote them."""

import math

import pytest

from seatrial.data.findings import EXCERPT
from seatrial.data.ledger import entries_to_table
from seatrial_reports.evidence import LONGEST, quote


def quoted(run, found):
    return quote(run(ledger=entries_to_table([found])), [0])[0]


@pytest.mark.parametrize(
    ("excerpt", "shown"),
    [("", ""), (" said\n", "said"), ("x" * (EXCERPT - 1), "x" * (EXCERPT - 1)), ("x" * EXCERPT, "x" * EXCERPT + "…")],
)
def test_a_row_that_goes_on_is_marked(run, entry, excerpt, shown):
    assert quoted(run, entry("r1", excerpt=excerpt)).excerpt == shown


def test_a_finding_that_quotes_very_much_is_cut_and_marked(run, entry):
    found = quoted(run, entry("r1", detail="d" * 3000, matched_text="m" * 3000))
    assert (found.detail, found.matched_text) == ("d" * LONGEST + "…", "m" * LONGEST + "…")
    assert quoted(run, entry("r1", detail="d" * LONGEST)).detail == "d" * LONGEST


@pytest.mark.parametrize(
    ("score", "written"),
    [(10017.0, "10,017"), (0.93241, "0.932"), (1.0, "1"), (12345.6, "1.23e+04"), (math.nan, ""), (None, "")],
)
def test_counts_are_written_in_full_and_shares_with_three_digits(run, entry, score, written):
    assert quoted(run, entry("r1", score=score)).score == written
