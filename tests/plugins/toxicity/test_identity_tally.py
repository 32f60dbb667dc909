from collections import Counter

import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial.stats import Proportion, ProportionDifference, ProportionRatio
from seatrial_plugins.toxicity.identity_tally import METRICS, IdentityTally
from seatrial_plugins.toxicity.term_finder import TermFinder

FINDER = TermFinder({"religion": ["muslim", "sikh"], "age": ["elderly"]})


def row(name, *texts):
    return Row(name, tuple(Turn("user", text) for text in texts), "chat", "s", "f", 1)


def rates(tally, *groups):
    """What a tally says of groups of (text, rows, flagged)."""
    rows = [(row(f"{text} {n}", text), n < flagged) for text, of, flagged in groups for n in range(of)]
    return tally.conclude(tally.count([one for one, _ in rows], {one.id for one, out in rows if out}))


def lines(measured):
    return {line["term"] or f"any {line['axis']}": line for line in measured.facts["flag_rates"]["lines"]}


def test_a_row_counts_for_each_term_it_names_and_once_for_an_axis():
    rows = [
        row("a", "Muslims and Sikhs", "muslim"),
        row("b", "an elderly Sikh"),
        row("c", "hello"),
        row("d", "", " "),
        row("e"),
    ]
    tally = IdentityTally(FINDER, least=1)
    found = tally.conclude(tally.count(rows, {"b", "c", "d"}))
    assert {name: (line["n"], line["flagged"]) for name, line in lines(found).items()} == {
        "any religion": (2, 1),
        "any age": (1, 1),
        "muslim": (1, 0),
        "sikh": (2, 1),
        "elderly": (1, 1),
    }
    facts = found.facts["flag_rates"]
    assert [(facts[key]["n"], facts[key]["flagged"]) for key in ("all", "none")] == [(3, 2), (1, 1)]


def test_rates_and_differences_have_the_bounds_of_stats():
    found = rates(IdentityTally(FINDER, least=20), ("a muslim", 40, 30), ("weather", 200, 20))
    line = lines(found)["muslim"]
    share, rest = Proportion(30, 40), Proportion(20, 200)
    assert (line["rate"], line["low"], line["high"]) == (0.75, *_ends(share))
    assert (line["excess"], line["excess_low"], line["excess_high"]) == (
        0.65,
        *_ends(ProportionDifference(share, rest)),
    )
    assert (line["ratio"], line["ratio_low"], line["ratio_high"]) == (7.5, *_ends(ProportionRatio(share, rest)))


def _ends(estimate):
    bounds = estimate.bounds(0.975)
    return bounds.lower, bounds.upper


def test_the_measures_are_the_largest_bounds_of_all_groups_together():
    found = rates(
        IdentityTally(FINDER, least=20),
        ("a muslim", 40, 30),
        ("a sikh", 20, 20),
        ("elderly", 19, 19),
        ("rain", 200, 20),
    )
    rest = Proportion(20, 200)
    # Three are compared: muslim, sikh and any religion; elderly is named by too few rows.
    shares = (Proportion(50, 60), Proportion(30, 40), Proportion(20, 20))
    largest = {
        name + ending: max(getattr(estimate(share, rest).bounds(1 - 0.05 / 3), side) for share in shares)
        for name, estimate in (("parity_difference", ProportionDifference), ("parity_ratio", ProportionRatio))
        for ending, side in (("", "lower"), ("_upper", "upper"))
    }
    assert found.measures == largest
    assert found.facts["flag_rates"]["compared"] == 3
    assert "excess" not in lines(found)["elderly"]
    assert lines(found)["elderly"]["surely"] is None


def test_a_filter_that_throws_away_all_that_names_a_group_shows():
    found = rates(IdentityTally(FINDER), ("a muslim", 50, 50), ("an elderly", 50, 3), ("rain", 500, 25))
    assert found.measures["parity_difference"] > 0.8
    assert found.measures["parity_ratio"] > 10
    surely = {name for name, line in lines(found).items() if (line["surely"] or 0) > 0}
    assert surely == {"muslim", "any religion"}


def test_a_fair_filter_has_no_surplus():
    found = rates(IdentityTally(FINDER), ("a muslim", 100, 5), ("a sikh", 100, 6), ("rain", 500, 25))
    assert found.measures["parity_difference"] < 0
    assert found.measures["parity_ratio"] < 1


def test_few_rows_are_no_evidence_that_a_filter_is_fair():
    few = rates(IdentityTally(FINDER), ("a muslim", 20, 3), ("rain", 500, 50)).measures
    many = rates(IdentityTally(FINDER), ("a muslim", 8_000, 900), ("rain", 20_000, 2_000)).measures
    assert few["parity_difference"] < many["parity_difference"] < 0.1
    assert few["parity_difference_upper"] > 0.2
    assert many["parity_difference_upper"] < 0.03
    assert few["parity_ratio_upper"] > 2
    assert many["parity_ratio_upper"] < 1.25


def test_a_ratio_to_none_has_a_lower_bound_and_no_value():
    found = rates(IdentityTally(FINDER), ("a muslim", 50, 50), ("rain", 500, 0))
    assert found.measures["parity_ratio"] > 100
    why = "no row that names no identity term was flagged, so no ratio is too high"
    assert found.missing == {"parity_ratio_upper": why}
    line = lines(found)["muslim"]
    assert (line["ratio"], line["ratio_high"]) == (None, None)
    assert line["ratio_low"] == found.measures["parity_ratio"]  # two are compared: 1 - .05 / 2 is .975


def test_where_nothing_is_flagged_no_ratio_is_over_a_gate():
    found = rates(IdentityTally(FINDER), ("a muslim", 50, 0), ("rain", 500, 0))
    assert found.measures["parity_ratio"] == 0
    assert found.measures["parity_difference"] < 0


def test_few_flagged_rows_show_in_the_ratio():
    found = rates(IdentityTally(FINDER), ("a muslim", 2_000, 40), ("rain", 20_000, 20))
    assert found.measures["parity_difference"] < 0.02
    assert found.measures["parity_ratio"] > 10


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ([], "no row with text was inspected"),
        ([("rain", 500, 25)], "fewer than 20 rows name any identity term"),
        ([("a muslim", 19, 19), ("rain", 500, 25)], "fewer than 20 rows name any identity term"),
        ([("a muslim", 90, 90), ("rain", 19, 0)], "fewer than 20 rows name no identity term"),
    ],
)
def test_what_cannot_be_compared_is_missing_and_not_zero(groups, why):
    found = rates(IdentityTally(FINDER), *groups)
    assert (found.measures, found.missing) == ({}, dict.fromkeys((metric.name for metric in METRICS), why))


def test_without_terms_nothing_is_told():
    found = rates(IdentityTally(TermFinder({})), ("a muslim", 50, 50))
    assert (found.measures, found.facts) == ({}, {})
    assert set(found.missing.values()) == {"the suite names no identity term"}


def test_no_axis_is_taken_for_all_rows():
    found = rates(
        IdentityTally(TermFinder({"*": ["all", "none"]}), least=1), ("all", 3, 3), ("none", 2, 0), ("x", 5, 1)
    )
    facts = found.facts["flag_rates"]
    assert [facts[key]["n"] for key in ("all", "none")] == [10, 5]
    assert {name: line["n"] for name, line in lines(found).items()} == {"any *": 5, "all": 3, "none": 2}


def test_batches_add_up_to_the_same():
    tally = IdentityTally(FINDER, least=1)
    rows = [row(str(n), ["a muslim", "sikhs", "rain"][n % 3]) for n in range(60)]
    flagged = {str(n) for n in range(0, 60, 4)}
    parts = Counter()
    for start in range(0, 60, 7):
        parts.update(tally.count(rows[start : start + 7], flagged))
    assert tally.conclude(parts) == tally.conclude(tally.count(rows, flagged))


def test_a_limit_that_is_none_is_refused():
    with pytest.raises(UsageError, match="identity_least"):
        IdentityTally(FINDER, least=0)
