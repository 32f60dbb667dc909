"""Blocks as JSON and back; what no report could draw is refused by kind, field and place."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import router_blocks

from seatrial.blocks import Bar, Bars, Diff, Distribution, Example, Examples, Table, Text
from seatrial.blocks.codec import KINDS, checked, from_json, to_json
from seatrial.errors import StoreError

ALL = [
    block
    for name, made in vars(router_blocks).items()
    if name.startswith("of_")
    for block in made(lambda text: f"{text} <b>\u202e")
]


def problem(block):
    try:
        checked(block)
    except StoreError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("block", ALL, ids=lambda block: type(block).__name__)
def test_a_block_comes_back_as_it_was(block):
    assert problem(block) == ""
    written = json.loads(json.dumps(to_json(block), allow_nan=False))
    again = from_json(written)
    assert type(again) is type(block)
    assert to_json(again) == to_json(block)


def test_every_kind_is_tried():
    assert {type(block) for block in ALL} == set(KINDS.values())


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(st.builds(Bar, names, numbers, n=st.none() | st.integers(0), says=names, series=names, mark=names)), names
)
def test_bars_of_any_numbers_come_back(bars, title):
    block = Bars(title, tuple(bars))
    assert from_json(json.loads(json.dumps(to_json(block)))) == block


BAR = Bar("x", 1.0)
TABLE = Table("t", ("a", "b"), [("1", "2")])


@pytest.mark.parametrize(
    ("block", "facts"),
    [
        ("text", ["str", "no block"]),
        (Text("t", "one paragraph"), ["paragraphs", "one paragraph"]),
        (Text("t", [3]), ["paragraphs[0]", "3"]),
        (Text("t", ["x\ud800"]), ["half a character"]),
        (Text("t", ["x" * 100_001]), ["100,001 characters"]),
        (Text(None, []), ["title", "None"]),
        (Text("t", [], alarming="yes"), ["alarming"]),
        (replace(TABLE, rows=[("1", "2"), ("3",)]), ["row 1", "1 cells", "2 columns"]),
        (replace(TABLE, rows=[("1", 2)]), ["rows[0][1]", "2"]),
        (replace(TABLE, rows=iter([])), ["rows"]),
        (replace(TABLE, rows=[("1", "2")] * 10_001), ["10,001 items", "`of`"]),
        (replace(TABLE, of=0), ["`of` is 0"]),
        (replace(TABLE, columns=["c"] * 51, rows=[]), ["51 columns"]),
        (Bars("b", [replace(BAR, value=math.nan)]), ["bars[0].value", "nan"]),
        (Bars("b", [replace(BAR, value=np.float64("inf"))]), ["bars[0].value", "inf"]),
        (Bars("b", [replace(BAR, value=None)]), ["bars[0].value"]),
        (Bars("b", [replace(BAR, low=0.5)]), ["'x'", "both or none"]),
        (Bars("b", [replace(BAR, low=2.0, high=1.0)]), ["from 2 down to 1"]),
        (Bars("b", [replace(BAR, cells=("1",))]), ["'x'", "1 cells under 0 columns"]),
        (Bars("b", [{"name": "x"}]), ["bars[0]", "'value' is absent"]),
        (Distribution("d", [0.0, 1.0], []), ["2 edges around 0 counts"]),
        (Distribution("d", [0.0, 1.0, 1.0], [1, 2]), ["do not ascend"]),
        (Distribution("d", [0.0, 1.0], [-1]), ["negative"]),
        (Distribution("d", [0.0, 1.0], [1.5]), ["counts[0]", "1.5"]),
        (Distribution("d", [0.0, 1.0], [1], marks=[("m",)]), ["marks[0]"]),
        (Diff("d", ["x"]), ["items[0]", "found str"]),
        (Examples("e", [Example("r", [("a", "b")], pictures=("../../etc",))]), ["'../../etc'", "no digest"]),
        (Examples("e", [Example("r", [("a", "b")] * 51)]), ["51 fields"]),
    ],
)
def test_what_cannot_be_shown_is_told(block, facts):
    said = problem(block)
    assert all(fact in said for fact in facts), said
    assert "the file was changed" not in said


def test_numbers_of_numpy_are_numbers():
    block = Bars("b", [Bar("x", np.float64(0.5), np.float64(0.25), np.float64(0.75))])
    assert problem(block) == ""
    assert checked(block).bars[0] == Bar("x", 0.5, 0.25, 0.75)


def test_bars_that_stand_together_count_once():
    pair = [Bar("x", 1.0, series="train"), Bar("x", 2.0, series="test")]
    assert problem(Bars("b", pair, of=1)) == ""
    assert "`of` is 0" in problem(Bars("b", pair, of=0))


@pytest.mark.parametrize(
    ("record", "facts"),
    [
        (None, ["block", "None"]),
        ({"title": "t"}, ["needs `block`", "text, table, bars"]),
        ({"block": "pie", "title": "t"}, ["pie"]),
        ({"block": "text", "title": "t"}, ["paragraphs", "absent"]),
        ({"block": "text", "title": "t", "paragraphs": [], "tone": 1}, ["unknown field 'tone'"]),
        ({"block": "table", "title": "t", "columns": ["a"], "rows": [[]]}, ["'t'", "row 0"]),
    ],
)
def test_a_damaged_file_is_told(record, facts):
    with pytest.raises(StoreError) as caught:
        from_json(record, "filter x: block 2")
    assert all(fact in str(caught.value) for fact in ["filter x: block 2", *facts]), caught.value
