"""A finished run with samples and nothing else, for gates that compare with one."""

from datetime import UTC, datetime

import pyarrow.parquet as pq

from seatrial.runs.digests import record
from seatrial.runs.events import Artifact, Record
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.store import json_text, write_json


def earlier_run(path, *, suite="", **samples):
    """Make the run folder `path`; `suite`: the text of its suite; `samples`: scorer → its table, or a broken file's bytes."""
    (path / "samples").mkdir(parents=True)
    if suite:
        (path / "suite.yaml").write_text(suite)
    folder = RunFolder(path)
    for scorer, table in samples.items():
        file = path / f"samples/{scorer}.parquet"
        file.write_bytes(table) if isinstance(table, bytes) else pq.write_table(table, file)
        done = Record(f"score[{scorer}]", "key", datetime.now(UTC), 0.0, resumed=False, peak_bytes=0)
        folder.finish(done, Artifact({"samples": file}, {}))
    manifest = {"finished": "2026-01-01T00:00:00+00:00"}
    record(folder, manifest=json_text(manifest))
    write_json(path / "manifest.json", manifest)
    return path
