"""Lookup: a row by its id."""

import random

import pytest

from seatrial import Row, Turn
from seatrial.rows.lookup import Lookup
from seatrial.rows.table import open_rows, write_rows


def test_each_row_is_found_by_its_id_and_no_other(tmp_path):
    names = [f"{n:x}{'.2' * (n % 3)}é" for n in range(500)]
    random.Random(1).shuffle(names)
    write_rows(tmp_path / "rows.parquet", [Row(name, (Turn("user", name),), "chat", "s", "f", 1) for name in names])
    lookup = Lookup(open_rows(tmp_path / "rows.parquet"))
    assert [lookup(name).text for name in names] == names
    for missing in ("", "zz", "1f4", names[0] + "x", names[0][:-1], "x" * 100):
        with pytest.raises(KeyError):
            lookup(missing)


def test_there_is_nothing_to_find_where_there_are_no_rows(tmp_path):
    write_rows(tmp_path / "rows.parquet", [])
    with pytest.raises(KeyError):
        Lookup(open_rows(tmp_path / "rows.parquet"))("a")
