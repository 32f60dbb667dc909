"""How train and test relate, as the stages counted it."""

import pytest

from seatrial.blocks import Bars
from seatrial.blocks.codec import checked
from seatrial_reports.composition import build_composition
from seatrial_reports.view import build_view


def test_it_is_taken_after_decontamination(plain_result):
    found = build_composition(plain_result)
    assert found.splits == (("train", 256), ("validation", 24), ("test", 105))
    labels, slices = map(checked, found.blocks)
    assert isinstance(labels, Bars)
    assert (labels.title, slices.title) == ("Rows by label", "Rows by slice")
    first, second = labels.bars[:2]
    assert (first.name, first.series, first.cells) == ("billing", "train", ("train 40, validation 4, test 18",))
    assert (first.value, second.value) == (pytest.approx(40 / 165), pytest.approx(18 / 93))


def test_it_says_how_even_the_labels_are(plain_result):
    assert (
        build_composition(plain_result).notes[-1] == "Train rows a label: 15 (smalltalk) to 40 (billing), median 27.5."
    )


def test_of_very_many_labels_the_largest_are_drawn(run, record):
    labels = {f"label {at}": {"train": at + 1, "test": 1} for at in range(5_000)}
    lacking = [f"new {at}" for at in range(5_000)]
    counted = {"labels": labels, "labels_not_in_test": lacking, "labels_not_in_train": lacking}
    result = run(records=[record("decontaminate", composition=counted)])
    found = build_composition(result)
    (drawn,) = found.blocks
    assert (drawn.bars[0].name, len({bar.name for bar in drawn.bars}), drawn.of) == ("label 4999", 200, 5_000)
    assert found.notes[0].endswith("new 18, new 19 and 4,980 more.")
    (warning,) = [said for said in build_view(result).headline.warnings if "train has no row of" in said]
    assert len(warning) < 300


def test_without_facts_there_is_nothing_to_draw(run):
    found = build_composition(run())
    assert (found.splits, found.notes, found.blocks) == ((), (), ())
