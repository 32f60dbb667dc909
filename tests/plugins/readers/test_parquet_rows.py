"""Parquet: a record a row, numbered from 1; a bad value is the problem of its row."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
    row = {
        "messages": [{"role": "user", "content": "Hi", "tool_calls": None}],
        "choices": {"text": ["a"], "label": ["1"]},
    }
    assert read(pa.Table.from_pylist([row])) == [(1, row, "")]


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
