"""Pieces: all rows, each once, in order, however they are cut."""

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from seatrial.rows.table import TableWriter
from seatrial.runs.engines.pieces import Piece, cut, pieces_of

SCHEMA = pa.schema([("n", pa.int64())])


def metadata(folder, *sizes):
    path = folder / "n.parquet"
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for size in sizes:
            writer.write_table(pa.table({"n": range(size)}, SCHEMA))
    return pq.read_metadata(path)


def test_the_first_row_group_comes_in_ten(tmp_path):
    pieces = pieces_of(metadata(tmp_path, 25, 30))
    assert pieces == [*(Piece(0, start, min(3, 25 - start)) for start in range(0, 25, 3)), Piece(1, 0, 30)]
    assert pieces_of(metadata(tmp_path, 2)) == [Piece(0, 0, 1), Piece(0, 1, 1)]


def test_a_table_without_rows_has_no_pieces(tmp_path):
    assert pieces_of(metadata(tmp_path)) == []
    with TableWriter.open(tmp_path / "none.parquet", SCHEMA):
        pass
    assert pieces_of(pq.read_metadata(tmp_path / "none.parquet")) == []


PIECES = st.lists(st.builds(Piece, st.integers(0, 5), st.integers(0, 50), st.integers(1, 3_000)), max_size=4)


@given(PIECES, st.floats(0, 100))
def test_cutting_loses_no_row_and_makes_pieces_of_about_a_second(pieces, seconds_a_row):
    finer = cut(pieces, seconds_a_row)
    assert rows(finer) == rows(pieces)
    assert all(piece.rows <= 20 or piece.rows * seconds_a_row <= 1 for piece in finer)


def rows(pieces):
    return [(piece.group, row) for piece in pieces for row in range(piece.start, piece.start + piece.rows)]
