"""How train and test relate."""

import pytest

from seatrial_reports.cover import build_cover
from seatrial_reports.view import build_view


def test_cover_is_taken_after_leakage(plain_result):
    cover = build_cover(plain_result)
    assert cover.splits == (("train", 256), ("validation", 24), ("test", 105))
    assert [one.name for one in cover.dimensions] == ["label", "slice"]
    first = cover.dimensions[0].bars[0]
    assert (first.name, first.counts) == ("billing", ("train 40 (24.2%)", "test 18 (19.4%)", "validation 4"))
    assert first.widths == (("train", 100.0), ("test", pytest.approx(100 * (18 / 93) / (40 / 165), abs=0.01)))
    assert cover.near.lonely == "12 of 104 (11.5%), drawn from 105"
    assert cover.near.measure == "words in common below 0.2"
    assert (cover.gaps[0].labels, cover.gaps[0].size, cover.gaps[0].similarity) == ("billing 3", "3 rows", "0.110")


def test_cover_says_how_near_and_how_even(plain_result):
    cover = build_cover(plain_result)
    assert cover.near.nearest == "minimum 0.05, median 0.71"
    assert cover.spread == "15 (smalltalk) to 40 (billing), median 27.5"


def test_of_very_many_labels_the_largest_are_drawn(run, record):
    labels = {f"label {at}": {"train": at + 1, "test": 1} for at in range(5_000)}
    lacking = [f"new {at}" for at in range(5_000)]
    coverage = {"labels": labels, "labels_not_in_test": lacking, "labels_not_in_train": lacking}
    result = run(records=[record("decontaminate", coverage=coverage)])
    cover = build_cover(result)
    (labels_drawn,) = cover.dimensions
    first = labels_drawn.bars[0]
    assert (first.name, len(labels_drawn.bars), labels_drawn.others) == ("label 4999", 200, 4_800)
    assert cover.notes[0].endswith("new 18, new 19 and 4,980 more.")
    (warning,) = [said for said in build_view(result).headline.warnings if "train has no row of" in said]
    assert len(warning) < 300
