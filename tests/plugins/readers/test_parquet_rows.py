"""Parquet: a record a row, numbered from 1; a bad value is the problem of its row."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial_plugins.readers.parquet_pages import pages_of
from seatrial_plugins.readers.parquet_rows import ParquetRows


@pytest.fixture
def read(tmp_path):
    def reading(table, limit=10_000_000, **options):
        path = tmp_path / "rows.parquet"
        pq.write_table(table, path, **options)
        return [(r.line, r.value, r.problem) for r in ParquetRows(limit).read(path)]

    return reading


def test_rows_are_numbered_over_batches_and_row_groups(read):
    records = read(pa.table({"n": list(range(1300))}), row_group_size=300)
    assert records == [(n + 1, {"n": n}, "") for n in range(1300)]


def test_nested_values_come_as_json_has_them(read):
    row = {"messages": [{"role": "user", "content": "Hi"}], "choices": {"text": ["a"], "label": ["1"]}}
    assert read(pa.Table.from_pylist([row])) == [(1, row, "")]


def test_maps_are_mappings(read):
    kind = pa.map_(pa.string(), pa.string())
    maps = pa.array(
        [[("A", "ice"), ("B", "steam")], [("A", "ice"), ("B", None)], [("A", "ice"), ("A", "mist")], [], None], kind
    )
    assert [value["choices"] for _, value, _ in read(pa.table({"choices": maps}))] == [
        {"A": "ice", "B": "steam"},
        {"A": "ice"},
        [("A", "ice"), ("A", "mist")],
        [],
        None,
    ]


def test_what_only_pads_a_column_is_missing(read):
    calls = [{"name": "f", "arguments": {"city": "Rome"}}, {"name": "g", "arguments": {"day": 1}}]
    rows = [{"messages": [{"role": "assistant", "tool_calls": [call]}], "label": None} for call in calls]
    assert [value for _, value, _ in read(pa.Table.from_pylist(rows))] == rows


def test_a_table_without_rows_is_a_problem(read):
    assert read(pa.table({"a": pa.array([], pa.string())})) == [(1, None, "the table has no row")]


def test_invalid_utf_8_is_the_problem_of_its_row(read):
    texts = pa.StringArray.from_buffers(3, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb"))
    assert read(pa.table({"t": texts})) == [(1, {"t": "a"}, ""), (2, None, "invalid UTF-8"), (3, {"t": "b"}, "")]


def test_a_row_over_the_limit_is_a_problem(read):
    assert read(pa.table({"t": ["a", "x" * 5000, "b"]}), limit=1000) == [
        (1, {"t": "a"}, ""),
        (2, None, "the row is longer than 1,000 bytes"),
        (3, {"t": "b"}, ""),
    ]


@pytest.mark.parametrize("dictionary", [True, False])
def test_rows_that_repeat_a_long_text_are_held_few_at_a_time(tmp_path, dictionary, monkeypatch):
    """Ninety megabytes in a few kilobytes."""
    monkeypatch.setattr("seatrial_plugins.readers.parquet_rows.HELD", 2_000_000)
    monkeypatch.setattr("seatrial_plugins.readers.parquet_rows.REPEATED", 2_000_000)
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), ["x" * 300_000])
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"t": texts if dictionary else texts.cast(pa.string())}), path, compression="zstd",
                   use_dictionary=dictionary, dictionary_pagesize_limit=1 << 30, write_batch_size=4)  # fmt: skip
    assert path.stat().st_size < 100_000
    before, most = pa.total_allocated_bytes(), 0
    for number, record in enumerate(ParquetRows().read(path), 1):
        assert (record.line, len(record.value["t"])) == (number, 300_000)
        most = max(most, pa.total_allocated_bytes() - before)
    assert number == 300
    assert most < 12_000_000


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (pa.table({"t": ["x" * 3_000_000]}), "a page that unpacks to 3,000,"),
        (pa.table({"t": [[1] * 60_000]}), "a list of up to 59,999 values"),
        (pa.table({"t": [["x" * 1_000] * 40, ["y"]]}), "lists of "),
    ],
)
def test_a_row_group_that_cannot_be_held_is_one_problem(tmp_path, monkeypatch, table, why):
    for name, value in {"REPEATED": 2_000_000, "NESTED": 50_000, "NESTED_BYTES": 30_000}.items():
        monkeypatch.setattr(f"seatrial_plugins.readers.parquet_rows.{name}", value)
    path = tmp_path / "rows.parquet"
    with pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=False) as writer:
        writer.write_table(table)
        writer.write_table(table.slice(0, 0))
    (record,) = ParquetRows().read(path)
    assert record.line == 1
    assert record.problem.startswith(f"row group 1, with {len(table)} rows: {why}")


def test_the_pages_of_a_file_are_those_that_it_was_written_in(tmp_path):
    path = tmp_path / "rows.parquet"
    texts = [f"text {number % 90}" for number in range(5_000)]
    for version in ("1.0", "2.0"):
        pq.write_table(
            pa.table({"t": texts, "n": list(range(5_000))}), path, data_page_size=2_000, data_page_version=version
        )
        metadata = pq.read_metadata(path)
        with path.open("rb") as stream:
            for place in range(2):
                column = metadata.row_group(0).column(place)
                pages = list(pages_of(stream, column))
                assert sum(page.values for page in pages if not page.dictionary) == 5_000
                assert len(pages) > 2
                assert 0 < sum(page.size for page in pages) <= column.total_uncompressed_size


def test_class_labels_become_their_names(read):
    features = {
        "label": {"names": ["hate", "fine"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
    }
    said = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]}).replace_schema_metadata(said)
    assert read(table) == [
        (1, {"text": "a", "label": "fine"}, ""),
        (2, {"text": "b", "label": "hate"}, ""),
        (3, None, "'label' is -1, and the file declares 2 labels"),
    ]


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"info": {"features": [1]}}', "[" * 100_000])
def test_other_metadata_changes_nothing(read, said):
    table = pa.table({"label": [1]}).replace_schema_metadata({"huggingface": said})
    assert read(table) == [(1, {"label": 1}, "")]


def test_a_damaged_file_keeps_the_rows_before_the_damage(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(
        pa.table({"t": [f"text {n}" for n in range(4000)]}),
        path,
        row_group_size=1000,
        compression="gzip",
        use_dictionary=False,
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\xff" * 400
    path.write_bytes(data)
    *kept, last = ParquetRows().read(path)
    assert [record.value["t"] for record in kept] == [f"text {n}" for n in range(len(kept))]
    assert len(kept) >= 512
    assert last.line == len(kept) + 1
    assert last.problem.startswith("broken Parquet: ")
    path.write_bytes(b"PAR1")
    assert next(ParquetRows().read(path)).problem.startswith("broken Parquet: ")


def test_a_column_that_stands_twice_is_refused(read):
    table = pa.table([["a", "b"], ["x", "y"], ["y", "x"]], names=["text", "label", "label"])
    assert read(table) == [(1, None, "the column 'label' stands twice, and which is meant nobody can tell; write one")]
