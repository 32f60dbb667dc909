"""Rows out of files: typed as lm-eval has them, a missing key is None, a broken line is named."""

import gzip

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.lm_eval.documents import read_documents


def test_csv_is_typed_and_what_pandas_reads_as_missing_is_none(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('q,n,x\n"a ""b"", c",3,0.5\nd,4,NA\n')
    assert read_documents([path], {}) == [{"q": 'a "b", c', "n": 3, "x": 0.5}, {"q": "d", "n": 4, "x": None}]


def test_csv_is_typed_as_datasets_types_it(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("at,day,gap,q,q\n10:30,2024-01-02 10:00,1,a,b\n11:00,2024-01-03,,c,d\n")
    first, second = read_documents([path], {})
    assert first == {
        "at": "10:30",
        "day": "2024-01-02 10:00",
        "gap": 1.0,
        "q": "a",
        "q.1": "b",
    }
    assert second["gap"] is None
    datasets = pytest.importorskip("datasets")
    assert (
        read_documents([path], {}) == datasets.Dataset.from_csv(str(path), cache_dir=str(tmp_path / "cache")).to_list()
    )


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["q,a", "0,x", '1,"x', *(f"{n},free text {n}" for n in range(2, 12)), '12,x"', "13,x"], 3),
        (["q,a", *(f"{n},{'xy'[n % 2]}" for n in range(9)), '1,"x', *(f"w{n},y" for n in range(4)), 'w,y"'], 11),
        (["q,a", "0,x", '1,"x', *(f"{n},free text {n}" for n in range(2, 12))], None),
    ],
)
def test_rows_within_a_cell_are_refused(tmp_path, lines, line):
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(SourceError, match=rf"rows\.csv: .*(line {line}:|EOF inside string)"):
        read_documents([path], {})


def test_a_cell_of_prose_is_none_of_rows(tmp_path):
    path = tmp_path / "rows.csv"
    prose = "\n".join(f"Line {n}, of a poem, with commas" if n % 2 else "and without" for n in range(12))
    path.write_text(f'q,a\n"{prose}",x\n2,y\n')
    assert read_documents([path], {})[0]["q"] == prose


def test_a_column_of_json_has_one_type_and_lines_end_as_in_datasets(tmp_path):
    lines, text = tmp_path / "rows.jsonl", tmp_path / "rows.txt"
    lines.write_text('{"n": 1, "m": 1, "b": true}\n{"n": 2.5, "m": "x", "b": 0.5}\n{"n": null}\n')
    assert [type(value) for value in read_documents([lines], {})[0].values()] == [float, int, bool]
    text.write_bytes("a\x0cb\u2028c\r\n\nd\n".encode())
    assert [one["text"] for one in read_documents([text], {})] == ["a\x0cb\u2028c", "", "d"]


PACKED = gzip.compress(b'{"a": 1}\n' * 999, mtime=0)  # the same in every process that collects the tests


@pytest.mark.parametrize(
    ("name", "data", "kwargs"),
    [
        ("rows.jsonl.gz", PACKED[:-20], {}),
        ("rows.jsonl.gz", PACKED[:12] + b"\xff" * 30, {}),
        ("rows.json", b"[1]", {"field": "data"}),
        ("rows.json", b'{"data": 5}', {"field": "data"}),
        ("rows.jsonl", b'{"a": "no", "a": "right"}', {}),
        ("rows.json", b"[" * 200_000, {}),
        ("rows.parquet", b"PAR1", {}),
        ("rows.csv", b"n\n12345678901234567890123\n", {}),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, data, kwargs):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=rf"{name}: cannot be read as"):
        read_documents([path], kwargs)


def test_json_lines_and_a_field_of_json(tmp_path):
    lines, whole = tmp_path / "rows.jsonl", tmp_path / "rows.json"
    lines.write_text('{"a": 1}\n\n{"b": [2]}\n')
    whole.write_text('{"data": [{"a": 1}]}')
    assert read_documents([lines], {}) == [{"a": 1, "b": None}, {"a": None, "b": [2]}]
    assert read_documents([whole], {"field": "data"}) == [{"a": 1}]
    lines.write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(SourceError, match=r"rows\.jsonl: .*line 2"):
        read_documents([lines], {})
