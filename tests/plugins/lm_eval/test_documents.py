"""Rows out of files: typed as lm-eval has them, a missing key is None, a broken line is named."""

import gzip

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.lm_eval.documents import read_documents


def test_csv_is_typed_and_what_pandas_reads_as_missing_is_none(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('q,n,x\n"a ""b"", c",3,0.5\nd,4,NA\n')
    assert read_documents([path], {}) == [{"q": 'a "b", c', "n": 3, "x": 0.5}, {"q": "d", "n": 4, "x": None}]


def test_csv_says_times_long_numbers_and_gaps_as_pandas_does(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("t,long,gap,yes\n10:30,12345678901234567890123,1,True\n2024-01-02,2,,False\n")
    assert read_documents([path], {}) == [
        {"t": "10:30", "long": "12345678901234567890123", "gap": 1.0, "yes": True},
        {"t": "2024-01-02", "long": "2", "gap": None, "yes": False},
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "rows.csv",
            b"q,a\n" + b"".join(b"q%d,%sa\n" % (n, b'"' if n in {3, 9} else b"") for n in range(12)),
            "swallows",
        ),
        ("rows.csv", b"q,q\na,b\n", "two of its columns"),
        ("rows.csv", b"q,a\n1,2,3\n", "3 cells"),
        ("rows.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 500)[:-20], "cannot be read"),
        ("rows.json", b"[1]", "cannot be read"),
        ("rows.jsonl", b'{"field": 1, "a": 1, "a": 2}', "'a' stands twice"),
        ("rows.json", b"[" * 100_000, "cannot be read"),
    ],
)
def test_a_damaged_file_is_named_with_the_reason(tmp_path, name, data, said):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=rf"{name}: .*{said}"):
        read_documents([path], {"field": "data"})


def test_a_line_of_text_ends_with_a_newline_alone(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_bytes("a\x0cb\u2028c\r\nd\n".encode())
    assert [one["text"] for one in read_documents([path], {})] == ["a\x0cb\u2028c", "d"]


def test_json_lines_and_a_field_of_json(tmp_path):
    lines, whole = tmp_path / "rows.jsonl", tmp_path / "rows.json"
    lines.write_text('{"a": 1}\n\n{"b": [2]}\n')
    whole.write_text('{"data": [{"a": 1}]}')
    assert read_documents([lines], {}) == [{"a": 1, "b": None}, {"a": None, "b": [2]}]
    assert read_documents([whole], {"field": "data"}) == [{"a": 1}]
    lines.write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(SourceError, match=r"rows\.jsonl: .*line 2"):
        read_documents([lines], {})
