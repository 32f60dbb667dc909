"""Places: where the rows stand that findings name only by their ids."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from seatrial.runs.result import Result

__all__ = ["find_places", "knows_rows"]

_ROWS = "data/raw.parquet"


def knows_rows(result: Result) -> bool:
    """Whether the run's rows lie beside it; a run may be handed on without its data."""
    return (result.folder / _ROWS).is_file()


def find_places(result: Result, rows: Collection[str]) -> dict[str, str]:
    """Id → `file:line`, of those that can be found: in the ledger, and in the run's data where that is there."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(sorted(set(rows)), pa.string())
    columns = ["file", "line"]
    tables = [result.ledger.select(["row", *columns]).rename_columns(["id", *columns])]
    if knows_rows(result):
        with suppress(pa.ArrowException, OSError):  # a report of a damaged run still tells what it can
            tables.append(pq.read_table(result.folder / _ROWS, columns=["id", *columns]))
    return {
        record["id"]: f"{record['file']}:{record['line']}"
        for table in tables
        for record in table.filter(pc.is_in(table["id"], wanted)).to_pylist()
        if record["file"]
    }
