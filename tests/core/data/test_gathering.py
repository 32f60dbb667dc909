"""Gathering: tables become one, in memory or mapped from a file that goes afterwards."""

import pyarrow as pa
import pytest

from seatrial.data import gathering
from seatrial.data.gathering import Gathering

SCHEMA = pa.schema([("id", pa.string()), ("sets", pa.list_(pa.int32()))])
TABLES = [
    pa.table({"id": [f"r{n}{m}" for m in range(n)], "sets": [[m] * m for m in range(n)]}, SCHEMA) for n in range(1, 6)
]


@pytest.mark.parametrize("held", [10, 200, 10**9])
def test_they_come_back_in_order(held, tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "_HELD", held)
    with Gathering.open(tmp_path / "all.arrow") as gathered:
        for table in TABLES:
            gathered.add(table)
        assert gathered.table().equals(pa.concat_tables(TABLES))
        assert gathered.table() is gathered.table()
        assert (tmp_path / "all.arrow").is_file() == (held < 10**9)
    assert not (tmp_path / "all.arrow").exists()


def test_the_file_goes_even_if_the_block_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "_HELD", 1)

    def fail():
        with Gathering.open(tmp_path / "all.arrow") as gathered:
            gathered.add(TABLES[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_tables_of_another_kind_are_refused(tmp_path):
    with Gathering.open(tmp_path / "all.arrow") as gathered:
        gathered.add(TABLES[0])
        gathered.add(pa.table({"other": [1]}))
        with pytest.raises(ValueError, match=r"[Ss]chema"):
            gathered.table()
