"""Findings in columns: they come back, never more than a few thousand are objects, and their rows are found."""

import gc

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Finding, Span
from seatrial.data.findings_table import findings_of, findings_to_table, positions

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
FINDINGS = st.lists(
    st.builds(
        Finding, row=TEXT, rule=TEXT, detail=TEXT, score=st.none() | st.floats(allow_nan=False),
        spans=st.lists(st.builds(Span, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.none() | TEXT))
        .map(tuple), matched_row=st.none() | TEXT, matched_text=st.none() | TEXT,
    ),
    max_size=5,
)  # fmt: skip


@given(FINDINGS)
def test_findings_come_back_as_they_were(findings):
    assert list(findings_of(findings_to_table(iter(findings)))) == findings


def test_half_a_character_does_not_stop_the_run():
    (found,) = findings_of(findings_to_table([Finding("r1", "odd", "\ud800 half", matched_text="\udfff")]))
    assert (found.detail, found.matched_text) == ("? half", "?")


def test_a_generator_of_findings_is_never_held_as_objects():
    most = 0

    def many():
        nonlocal most
        for number in range(30_000):
            if number % 5_000 == 4_999:
                most = max(most, sum(type(one) is Finding for one in gc.get_objects()))
            yield Finding(f"r{number}", "copy", "says the same")

    table = findings_to_table(many())
    assert len(table) == 30_000
    assert most < 11_000  # a chunk, and the one before it


def test_positions_are_where_the_ids_stand():
    ids = pa.chunked_array([["a", "b"], ["c"]])
    assert positions(pa.chunked_array([["c", "x"], ["a"]]), ids).tolist() == [2, -1, 0]
    assert positions(pa.chunked_array([["c"]]), pa.chunked_array([], pa.string())).tolist() == [-1]
    assert positions(pa.chunked_array([], pa.string()), ids).tolist() == []
