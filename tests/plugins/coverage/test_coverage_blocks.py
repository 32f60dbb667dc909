"""What reports show of coverage: gaps, kinds of rows that train lacks, and every dimension."""

import pytest

from seatrial.blocks import Bars, Distribution, Table, Text
from seatrial.blocks.codec import checked
from seatrial.rows.table import RowList
from seatrial_plugins.coverage import build_coverage


@pytest.fixture
def shown(rows_about, encoder):
    """Title → block of a train set that knows nothing of loans and a test set that knows nothing of rent."""

    def of(dimensions=("label", "topic", "length", "slice"), neighbours=True, train=None):
        train = (
            [*rows_about("card", 40, "train"), *rows_about("rent", 20, "train", label="rent")]
            if train is None
            else train
        )
        held_out = [*rows_about("card", 20, "test"), *rows_about("loan", 12, "test", label="loan")]
        held_out += rows_about("card", 3, "validation")
        filter_ = build_coverage(
            dimensions=list(dimensions), neighbours=neighbours, topics=3, encoder=encoder, tokenizer=None
        )
        return {block.title: checked(block) for block in filter_.compare(RowList(train), RowList(held_out)).blocks}

    return of


def test_kinds_that_train_lacks_are_an_alarm_and_a_table(shown):
    blocks = shown()
    alarm, kinds = blocks["Kinds of rows"], blocks["Kinds of test rows that train lacks"]
    assert isinstance(alarm, Text)
    assert alarm.alarming
    assert "loan" in alarm.paragraphs[0]
    assert "(12 rows)" in alarm.paragraphs[0]
    assert isinstance(kinds, Table)
    assert kinds.rows[0][1:3] == ("12", "loan 12")
    assert "my loan" in kinds.rows[0][3]


def test_gaps_are_named_on_either_side(shown):
    table = shown()["Gaps between train and test"]
    assert [row[0] for row in table.rows] == ["label", "topic", "length in characters"]
    assert table.rows[0][1:4] == ("1: loan", "1: rent", "3")
    assert "bits, where chance alone gives about" in table.rows[0][4]


def test_a_dimension_is_drawn_with_its_gaps_first(shown):
    bars = shown()["Rows by label"]
    assert isinstance(bars, Bars)
    names = list(dict.fromkeys(bar.name for bar in bars.bars))
    assert set(names[:2]) == {"loan", "rent"}
    by_name = {(bar.name, bar.series): bar for bar in bars.bars}
    assert (by_name["loan", "train"].value, by_name["loan", "train"].mark) == (0.0, "none in train")
    assert by_name["loan", "test"].value == pytest.approx(12 / 32)
    assert by_name["loan", "train"].cells == ("train 0, validation 0, test 12",)
    assert by_name["same", "train"].cells == ("train 40, validation 3, test 20",)
    assert "would be expected in test" in by_name["rent", "train"].says
    assert by_name["same", "train"].mark == ""


def test_nearness_is_a_distribution_with_its_threshold(shown):
    found = shown()["Cosine of a test row and its nearest train row"]
    assert isinstance(found, Distribution)
    assert sum(found.counts) == 32
    assert found.marks[0] == ("none near below", 0.5)
    numbers = {row[0]: row[1:] for row in shown()["Nearness and diversity"].rows}
    assert numbers["rows with no near train row"] == ("", "12 of 32 (37.5%)")
    assert float(numbers["effective number of unlike rows (Vendi score)"][0]) > 1


def test_what_cannot_be_told_is_said(shown):
    assert shown()["Gaps that cannot be told"].paragraphs == ("No row has a value for: slice.",)
    few = shown(neighbours=False, dimensions=("label",))
    assert "Kinds of test rows that train lacks" not in few
    assert list(few) == ["Gaps between train and test", "Nearness and diversity", "Rows by label"]


def test_of_very_many_labels_the_gaps_and_the_largest_are_drawn(shown, rows_about):
    train = [row for at in range(300) for row in rows_about("card", 2, f"train{at}"[:5], label=f"label {at}")]
    bars = shown(dimensions=("label",), neighbours=False, train=train)["Rows by label"]
    assert len({bar.name for bar in bars.bars}) == 200
    assert bars.of == 302
    assert "loan" in {bar.name for bar in bars.bars[:4]} | {bar.name for bar in bars.bars}
