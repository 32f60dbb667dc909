"""Rows on disk: what is written is read, batch by batch, by place, and patched."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.rows import (
    Check,
    Choice,
    Image,
    Label,
    Preference,
    References,
    Row,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    row_schema,
    rows_to_table,
)
from seatrial.rows.table import (
    FileRows,
    RowList,
    SomeRows,
    TableWriter,
    batches,
    open_rows,
    patched,
    rows_of,
    stored_tables,
    write_rows,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=2)
PARTS = st.lists(
    st.builds(Text, TEXT)
    | st.builds(Image, TEXT, st.just("image/png"), st.integers(1, 9), st.integers(1, 9))
    | st.builds(ToolCall, TEXT, st.dictionaries(TEXT, JSON, max_size=2) | TEXT, TEXT)
    | st.builds(ToolResult, TEXT, TEXT, TEXT),
    max_size=3,
)
TURN = st.builds(
    Turn, st.sampled_from(["system", "user", "assistant", "tool"]), TEXT | PARTS, TEXT, TEXT, st.booleans()
)
TURNS = st.lists(TURN, max_size=4).map(tuple)
EXPECTED = (
    st.builds(Label, TEXT)
    | st.builds(Choice, st.lists(TEXT, min_size=1, max_size=3, unique=True).map(tuple), st.none() | st.just(0))
    | st.builds(References, st.lists(TEXT, min_size=1, max_size=3).map(tuple))
    | st.builds(Preference, st.lists(TURN, min_size=1, max_size=1).map(tuple), st.lists(TURN, max_size=2).map(tuple))
    | st.builds(Preference, st.just(()), st.lists(TURN, min_size=1, max_size=1).map(tuple))
    | st.builds(Check, TEXT, TEXT, TEXT, TEXT)
)
ROWS = st.lists(
    st.builds(
        Row,
        id=TEXT,
        turns=TURNS,
        format=st.just("chat"),
        source=TEXT,
        file=TEXT,
        line=st.integers(0, 2**40),
        expected=st.none() | EXPECTED,
        slice=TEXT,
        group=TEXT,
        split=st.sampled_from(["", "train"]),
        tools=st.lists(st.dictionaries(TEXT, JSON, max_size=2), max_size=2).map(tuple),
    ),
    max_size=3,
)


def numbered(count, text="x"):
    return [Row(f"r{n:04}", (Turn("user", f"{text}{n}"),), "chat", "s", "f", n + 1) for n in range(count)]


@settings(max_examples=60)
@given(ROWS)
def test_rows_come_back_from_a_table_as_they_were(rows):
    table = rows_to_table(rows)
    assert table.schema == row_schema()
    assert rows_of(table) == rows


@settings(max_examples=40)
@given(ROWS, st.data())
def test_any_stretch_of_a_table_gives_its_rows(rows, data):
    start = data.draw(st.integers(0, len(rows)))
    length = data.draw(st.integers(0, len(rows) - start))
    assert rows_of(rows_to_table(rows).slice(start, length)) == rows[start : start + length]


def test_rows_of_a_file_can_be_counted_read_and_picked(tmp_path):
    rows = numbered(5_000)
    assert write_rows(tmp_path / "rows.parquet", rows) == 5_000
    stored = open_rows(tmp_path / "rows.parquet")
    assert len(stored) == 5_000
    assert list(stored) == rows
    assert [stored[0], stored[4_321], stored[-1]] == [rows[0], rows[4_321], rows[-1]]
    with pytest.raises(IndexError, match="row 5000 of 5000"):
        stored[5_000]
    assert [len(table) for table in stored.tables()] == [2_000, 2_000, 1_000]


def test_a_file_without_rows_is_one_too(tmp_path):
    write_rows(tmp_path / "none.parquet", [])
    stored = open_rows(tmp_path / "none.parquet")
    assert (len(stored), list(stored), list(stored.tables())) == (0, [], [])
    assert stored.column("id").to_pylist() == []
    with pytest.raises(IndexError):
        stored[0]


def test_the_mapped_copy_stands_where_it_is_told_to(tmp_path):
    write_rows(tmp_path / "rows.parquet", numbered(3))
    assert FileRows(tmp_path / "rows.parquet", tmp_path / "copies")[1].id == "r0001"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copies", "rows.parquet"]


def test_a_mask_lets_some_rows_of_a_file_through(tmp_path):
    rows = numbered(4_500)
    write_rows(tmp_path / "rows.parquet", rows)
    mask = np.arange(4_500) % 3 == 1
    mask[2_000:4_000] = False
    some = SomeRows(open_rows(tmp_path / "rows.parquet"), mask)
    expected = [row for row, inside in zip(rows, mask, strict=True) if inside]
    assert len(some) == len(expected)
    assert list(some) == expected == list(some)
    assert (some[0], some[-1]) == (expected[0], expected[-1])


def test_no_batch_is_long_or_heavy():
    assert [len(batch) for batch in batches(numbered(7), size=3)] == [3, 3, 1]
    heavy = numbered(5, text="y" * 40)
    assert [len(batch) for batch in batches(heavy, size=100, most_bytes=90)] == [2, 2, 1]
    assert [len(batch) for batch in batches(heavy, size=100, most_bytes=1)] == [1] * 5
    assert list(batches([])) == []


@settings(max_examples=25)  # each writes a file and waits until it is on disk
@given(st.lists(st.integers(0, 35), max_size=9))
def test_row_groups_are_full_whatever_the_tables_were(tmp_path_factory, sizes):
    path, schema = tmp_path_factory.mktemp("n") / "n.parquet", pa.schema([("n", pa.int64())])
    numbers = iter(range(10_000))
    with TableWriter.open(path, schema, batch=10) as writer:
        for size in sizes:
            writer.write(pa.table({"n": [next(numbers) for _ in range(size)]}, schema))
        assert writer.rows == sum(sizes)
    stored = [len(table) for table in stored_tables(path)]
    assert stored == [10] * (sum(sizes) // 10) + [sum(sizes) % 10] * (sum(sizes) % 10 > 0)
    assert pq.read_table(path)["n"].to_pylist() == list(range(sum(sizes)))


@pytest.mark.parametrize("together", [1, 3, 10])
def test_row_groups_are_small_where_rows_are_heavy(tmp_path, together):
    schema = pa.schema([("text", pa.string())])
    with TableWriter.open(tmp_path / "t.parquet", schema, batch_bytes=1_000) as writer:
        for _ in range(0, 30, together):
            writer.write(pa.table({"text": ["x" * 400] * together}, schema)[: 30 - writer.rows])
    sizes = [len(table) for table in stored_tables(tmp_path / "t.parquet")]
    assert sum(sizes) == 30
    assert max(sizes) == 2


def test_a_row_heavier_than_a_batch_has_a_row_group_of_its_own(tmp_path):
    schema = pa.schema([("text", pa.string())])
    with TableWriter.open(tmp_path / "t.parquet", schema, batch_bytes=1_000) as writer:
        writer.write(pa.table({"text": ["a", "x" * 5_000, "b", "c"]}, schema))
    assert sum(len(table) for table in stored_tables(tmp_path / "t.parquet")) == 4
    assert {"x" * 5_000} in [set(table["text"].to_pylist()) for table in stored_tables(tmp_path / "t.parquet")]


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def fail():
        with TableWriter.open(tmp_path / "n.parquet", row_schema()) as writer:
            writer.write(rows_to_table(numbered(3)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


@given(st.integers(0, 8), st.data())
def test_patching_changes_and_removes_just_what_it_is_told(count, data):
    rows = numbered(count)
    places = st.integers(0, count - 1) if count else st.nothing()
    changed = {place: rows[place].with_turns([Turn("user", "new")]) for place in data.draw(st.sets(places))}
    out = data.draw(st.sets(places))
    table = patched(rows_to_table(rows), changed, sorted(out))
    assert rows_of(table) == [changed.get(place, row) for place, row in enumerate(rows) if place not in out]


def test_rows_in_memory_are_rows_too():
    rows = RowList(numbered(3))
    assert (len(rows), rows[2].id, [row.id for row in rows]) == (3, "r0002", ["r0000", "r0001", "r0002"])
