"""What somebody alters of a finished run."""

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.runs.store import digest_path

ALTERED = {
    "verdict.json": lambda text: text.replace('"pass"', '"fail"'),
    "scores.json": lambda text: text.replace("1.0", "0.5"),
    "suite.yaml": lambda text: text.replace("min: 0.1", "min: 0.0"),
    "manifest.json": lambda text: text.replace('"seed": 5', '"seed": 6'),
    "nodes/score-right.json": lambda text: text.replace('"peak_bytes": ', '"peak_bytes": 1'),
    "ledger.parquet": None,
    "samples/right.parquet": None,
    "data/raw.parquet": None,
    "data/test.parquet": None,
    "transcripts/test.ask/base.parquet": None,
    "log.jsonl": None,
    "training/seed-5.jsonl": None,
}
"""File of a run → how its text is altered; None for one byte more."""


def alter(path, how):
    before = path.read_bytes()
    path.write_bytes(before + b"\n" if how is None else how(before.decode()).encode())
    assert path.read_bytes() != before


def forged(run):
    """Let the samples say that all was right, and their marker that they always did."""
    path, marker = run / "samples/right.parquet", run / "nodes/score-right.json"
    before, table = digest_path(path), pq.read_table(path)
    right = pa.array([1.0] * table.num_rows)
    pq.write_table(table.set_column(table.schema.get_field_index("value:right"), "value:right", right), path)
    alter(marker, lambda said: said.replace(before, digest_path(path)))
    return run
