"""How train and test relate, as the stages counted it."""

import pytest

from seatrial.blocks import Bars, Table
from seatrial.blocks.codec import checked
from seatrial_reports.cover import build_cover
from seatrial_reports.view import build_view


def test_cover_is_taken_after_decontamination(plain_result):
    cover = build_cover(plain_result)
    assert cover.splits == (("train", 256), ("validation", 24), ("test", 105))
    labels, slices, gaps = map(checked, cover.blocks)
    assert isinstance(labels, Bars)
    assert (labels.title, slices.title) == ("Rows by label", "Rows by slice")
    first, second = labels.bars[:2]
    assert (first.name, first.series, first.cells) == ("billing", "train", ("train 40, validation 4, test 18",))
    assert (first.value, second.value) == (pytest.approx(40 / 165), pytest.approx(18 / 93))
    assert isinstance(gaps, Table)
    assert gaps.rows == (("3", "billing 3", "Is the office open on Sunday?", "0.110"),)


def test_cover_says_how_near_and_how_even(plain_result):
    cover = build_cover(plain_result)
    assert cover.lonely == "12 of 104 (11.5%), drawn from 105"
    assert "(words in common below 0.2 counts as not similar)" in cover.nearest
    assert cover.nearest.endswith("minimum 0.05, median 0.71.")
    assert cover.notes[-1] == "Train rows a label: 15 (smalltalk) to 40 (billing), median 27.5."


def test_of_very_many_labels_the_largest_are_drawn(run, record):
    labels = {f"label {at}": {"train": at + 1, "test": 1} for at in range(5_000)}
    lacking = [f"new {at}" for at in range(5_000)]
    coverage = {"labels": labels, "labels_not_in_test": lacking, "labels_not_in_train": lacking}
    result = run(records=[record("decontaminate", coverage=coverage)])
    cover = build_cover(result)
    (drawn,) = cover.blocks
    assert (drawn.bars[0].name, len({bar.name for bar in drawn.bars}), drawn.of) == ("label 4999", 200, 5_000)
    assert cover.notes[0].endswith("new 18, new 19 and 4,980 more.")
    (warning,) = [said for said in build_view(result).headline.warnings if "train has no row of" in said]
    assert len(warning) < 300


def test_without_facts_there_is_nothing_to_draw(run):
    cover = build_cover(run())
    assert (cover.splits, cover.notes, cover.lonely, cover.nearest, cover.blocks) == ((), (), "", "", ())
