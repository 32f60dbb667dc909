"""Pictures that train shares with held-out rows; words beside pictures are no evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.pictures import shown

from seatrial import Turn
from seatrial.rows import Image, Text

ONE, TWO, THREE = (Image(letter * 64, "image/png", 8, 8) for letter in "abc")
LONG = "Look at the picture with care, then say in a single word which of the ten digits somebody wrote down in it."


def row(*images, text="Which digit?", name="row"):
    made = shown(images[0], text=text, name=name)
    return replace(made, turns=(Turn("user", [*images, Text(text)]), made.turns[-1]), split="test")


def test_a_train_row_with_a_held_out_picture_is_found_whatever_it_asks(hits):
    assert hits("image", [row(ONE, text="Is it round?", name="r")], [row(TWO, name="a"), row(ONE, name="b")]) == [
        ("r", "b", 1.0)
    ]


def test_the_share_of_its_pictures_is_told(look):
    (found,) = look("image", [row(ONE, name="r")], [row(ONE, TWO, THREE)])
    assert found.score == pytest.approx(1 / 3)
    assert "33% of its pictures" in found.detail


def test_rows_without_pictures_are_not_looked_at(hits):
    assert hits("image", ["where is it?"], ["where is it?"]) == []


@pytest.mark.parametrize("preset", ["exact", "tulu3", "gpt3_filter", "deepseek_math", "s1_open_r1", "dolma", "palm"])
def test_words_beside_other_pictures_are_no_evidence(hits, preset):
    assert (
        hits(preset, [row(ONE, text=LONG, name="r")], [row(TWO, text=LONG, name="a"), row(THREE, text=LONG, name="b")])
        == []
    )


def test_the_same_words_beside_the_same_picture_are_the_same(hits):
    assert hits("exact", [row(ONE, text="WHICH digit", name="r")], [row(TWO, name="a"), row(ONE, name="b")]) == [
        ("r", "b", 1.0)
    ]
