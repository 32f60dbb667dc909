"""Rows come out of a table, and out of any stretch of it, as they went in."""

from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Turn
from seatrial.data.table import open_rows, rows_of, write_rows
from seatrial.rows import rows_to_table

turns = st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), st.text(max_size=9), st.text(max_size=2)))
row = st.builds(
    lambda said, label, choices: Row(
        "a", tuple(said), "chat", "path:a", "a.jsonl", 1, label=label, choices=tuple(choices)
    ),
    turns,
    st.none() | st.text(max_size=3),
    st.lists(st.text(max_size=3), max_size=3),
)


@given(st.lists(row, min_size=1, max_size=6), st.data())
def test_any_stretch_of_a_table_gives_its_rows(rows, data):
    start = data.draw(st.integers(0, len(rows)))
    length = data.draw(st.integers(0, len(rows) - start))
    assert rows_of(rows_to_table(rows).slice(start, length)) == rows[start : start + length]


def test_a_row_is_found_by_its_place_and_from_the_end(tmp_path, labelled):
    rows = labelled(("one", "a"), ("two", "b"), ("zwölf", "c"))
    write_rows(tmp_path / "rows.parquet", rows)
    stored = open_rows(tmp_path / "rows.parquet")
    assert [stored[place] for place in (0, 1, 2, -1)] == [*rows, rows[2]]
