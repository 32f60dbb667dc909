"""Rows out of files: typed as lm-eval has them, a missing key is None, a broken line is named."""

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.lm_eval.documents import read_documents


def test_csv_is_typed_and_what_pandas_reads_as_missing_is_none(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('q,n,x\n"a ""b"", c",3,0.5\nd,4,NA\n')
    assert read_documents([path], {}) == [{"q": 'a "b", c', "n": 3, "x": 0.5}, {"q": "d", "n": 4, "x": None}]


def test_json_lines_and_a_field_of_json(tmp_path):
    lines, whole = tmp_path / "rows.jsonl", tmp_path / "rows.json"
    lines.write_text('{"a": 1}\n\n{"b": [2]}\n')
    whole.write_text('{"data": [{"a": 1}]}')
    assert read_documents([lines], {}) == [{"a": 1, "b": None}, {"a": None, "b": [2]}]
    assert read_documents([whole], {"field": "data"}) == [{"a": 1}]
    lines.write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(SourceError, match=r"rows\.jsonl: .*line 2"):
        read_documents([lines], {})
