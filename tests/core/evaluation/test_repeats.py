"""Rows that ask the same are one observation; the same words beside another picture ask something else."""

from __future__ import annotations

from dataclasses import replace

from tests.pictures import shown

from seatrial.evaluation.repeats import clusters_of
from seatrial.rows import Image

ONE, TWO = (Image(letter * 64, "image/png", 8, 8) for letter in "ab")


def test_pictures_are_part_of_what_is_asked():
    rows = [shown(ONE, name="a"), shown(TWO, name="b"), shown(ONE, "1", text="WHICH digit is this", name="c")]
    assert clusters_of(rows) == {"a": "a", "b": "b", "c": "a"}


def test_a_group_joins_rows_with_other_pictures():
    rows = [replace(shown(image, name=name), group="sheet 7") for image, name in ((ONE, "a"), (TWO, "b"))]
    assert clusters_of(rows) == {"a": "a", "b": "a"}
