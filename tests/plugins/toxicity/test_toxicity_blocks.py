"""How often rows are flagged that name a group is shown beside the rows that name none."""

import pytest

from seatrial import Row, Turn
from seatrial.blocks import Bars, Text
from seatrial.blocks.codec import checked
from seatrial.stats import Proportion
from seatrial_plugins.toxicity.blocks import SHOWN_LEVEL
from seatrial_plugins.toxicity.identity_tally import IdentityTally
from seatrial_plugins.toxicity.term_finder import TermFinder

FINDER = TermFinder({"religion": ["muslim", "sikh", "hindu"], "age": ["elderly"]})


def shown(*groups, least=20):
    """What a tally shows of groups of (text, rows, flagged)."""
    tally = IdentityTally(FINDER, least=least, terms_of="the suite")
    rows = [
        (Row(f"{text} {n}", (Turn("user", text),), "chat", "s", "f", 1), n < flagged)
        for text, of, flagged in groups
        for n in range(of)
    ]
    found = tally.conclude(tally.count([row for row, _ in rows], {row.id for row, out in rows if out}))
    return [checked(block) for block in found.blocks]


def test_a_group_that_is_flagged_more_often_is_an_alarm_and_stands_first():
    alarm, bars, rest = shown(("a muslim", 40, 30), ("a sikh", 30, 3), ("weather", 200, 20), ("elderly", 5, 0))
    assert isinstance(alarm, Text)
    assert alarm.alarming
    assert alarm.paragraphs[0].startswith("rows that name muslim, any term of religion are flagged more often")
    assert isinstance(bars, Bars)
    assert [bar.name for bar in bars.bars] == ["names none", "muslim", "any term of religion", "sikh"]
    none, muslim, _, sikh = bars.bars
    assert (bars.reference, none.value, none.cells) == (0.1, 0.1, ("20 of 200", "", ""))
    bounds = Proportion(30, 40).bounds(SHOWN_LEVEL)
    assert (muslim.value, muslim.low, muslim.high, muslim.n) == (0.75, bounds.lower, bounds.upper, 40)
    assert (muslim.mark, sikh.mark) == ("more often", "")
    assert muslim.cells[0] == "30 of 40"
    assert muslim.cells[1].startswith("+0.650 (")
    assert muslim.cells[2].startswith("7.50 (")
    assert "flagged more often than chance explains: muslim, any term of religion." in bars.says
    assert rest.paragraphs == (
        "Too few rows to compare, fewer than 20: elderly 5. 1 term is named by no row. List of terms: the suite.",
    )


def test_where_no_row_that_names_none_was_flagged_the_ratio_has_a_lower_end_only():
    *_, bars, _ = shown(("a muslim", 40, 30), ("weather", 200, 0))
    assert bars.bars[1].cells[2].endswith(" or more")


@pytest.mark.parametrize("groups", [[("a muslim", 5, 3), ("weather", 200, 9)], [("a muslim", 50, 3)]])
def test_where_nothing_can_be_compared_it_is_said(groups):
    (text,) = shown(*groups)
    assert not text.alarming
    assert "Nothing can be compared" in text.paragraphs[0]


def test_where_no_row_came_there_is_nothing_to_show():
    assert shown() == []
