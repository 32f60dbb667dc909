"""Blocks as positions and words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.blocks import Bar, Bars, Diff, DiffItem, Distribution, Table
from seatrial_reports.drawing import draw, is_numeric

reals = st.floats(allow_nan=False, allow_infinity=False)


def test_a_long_table_is_cut_and_says_how_many_rows_there_are():
    drawing = draw(Table("t", ["n"], [[str(at)] for at in range(5_000)]))
    assert (len(drawing.rows.first), len(drawing.rows.rest), drawing.rows.left) == (20, 180, 4_800)
    assert draw(Table("t", ["n"], [["1"]], of=9)).rows.left == 8
    assert draw(Table("t", [], [])).is_empty


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [
        (["1,012", "", "-0.5"], True),
        (["4 of 18", "0.8 to 0.9", "≥ 3", "12%", "+0.470 (0.1 to 0.2)"], True),
        (["1: parcel"], True),
        (["x", "1"], False),
        (["", ""], False),
        (["00ab3f"], False),
        (["3 " + "words " * 20], False),
    ],
)
def test_columns_of_numbers_are_known_by_their_cells(cells, numeric):
    assert is_numeric(cells) is numeric


def test_bars_of_one_name_stand_together_and_start_at_zero():
    bars = [
        Bar(name, x, series=split)
        for name, pair in (("a", (0.5, 0.25)), ("b", (0.0, 1.0)))
        for split, x in zip(("train", "test"), pair, strict=True)
    ]
    figure = draw(Bars("t", bars)).figure
    assert [(group.name, [lane.value for lane in group.lanes]) for group in figure.groups.first] == [
        ("a", ["50.0%", "25.0%"]),
        ("b", ["0.0%", "100.0%"]),
    ]
    assert (figure.series, figure.dotted, figure.sampled, figure.first_dot) == (("train", "test"), False, False, (0, 2))
    assert (figure.plot.zero, [dot.at for dot in figure.plot.dots]) == (0, [50, 25, 0, 100])


def test_bars_with_intervals_are_dots_with_their_reference():
    block = Bars("t", [Bar("a", 0.5, 0.36, 0.64, 50)], reference=0.03, reference_name="none")
    figure = draw(block).figure
    assert figure.dotted
    assert figure.groups.first[0].lanes[0].interval == "36.0% to 64.0%"
    assert [(tick.label, tick.at) for tick in figure.plot.thresholds] == [("none", pytest.approx(3.75))]
    assert figure.plot.dots[0].alt == "50.0%, 36.0% to 64.0%, n = 50"


def test_values_below_zero_reach_to_the_left():
    figure = draw(Bars("t", [Bar("up", 2.3), Bar("down", -1.5)], unit="Wh")).figure
    assert 0 < figure.plot.zero < 100
    assert figure.plot.dots[1].at < figure.plot.zero < figure.plot.dots[0].at
    assert figure.groups.first[1].lanes[0].value == "-1.5 Wh"


@given(
    st.lists(st.tuples(reals, st.none() | reals), min_size=1, max_size=9),
    st.none() | reals,
    st.sampled_from(["", "ms"]),
)
def test_whatever_the_values_nothing_sticks_out(values, reference, unit):
    bars = [
        Bar(str(at), x, *((None, None) if other is None else sorted((x, other))))
        for at, (x, other) in enumerate(values)
    ]
    plot = draw(Bars("t", bars, unit, reference, "r")).figure.plot
    for dot in plot.dots if plot else ():
        assert all(0 <= x <= 100 for x in (dot.at, dot.low, dot.high, plot.zero) if x is not None)


def test_a_distribution_fills_its_box():
    histogram = draw(
        Distribution("t", [0.0, 1.0, 3.0, 4.0], [2, 8, 0], "ms", marks=[("median", 1.5), ("far", 9.0)])
    ).histogram
    assert histogram.columns == ((0.0, 25.0, 25.0), (25.0, 50.0, 100.0), (75.0, 25.0, 0.0))
    assert [(mark.label, mark.at) for mark in histogram.marks] == [("median 1.5 ms", 37.5)]
    assert (histogram.most, histogram.alt) == ("8", "10 from 0 to 4 ms, median 1.5 ms, far 9 ms")
    assert draw(Distribution("t", [0.0, 1.0], [0])).is_empty
    assert draw(Distribution("t", [-1e300, 1e300], [1])).is_empty


def test_changed_texts_are_drawn_as_pieces():
    drawing = draw(Diff("t", [DiffItem("r", "my card", "my crad")] * 30, of=99))
    assert [(piece.kind, piece.text) for piece in drawing.diffs.first[0][1]] == [
        ("same", "my "), ("gone", "card"), ("new", "crad"),
    ]  # fmt: skip
    assert (len(drawing.diffs.first), len(drawing.diffs.rest), drawing.diffs.left) == (6, 18, 75)
