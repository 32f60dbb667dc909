"""Forty kills, each gone on from with the same call, come to what a run comes to that was left alone."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from tests.core.runs.toys import suite_text

from seatrial.runs.digests import check
from seatrial.runs.listing import list_runs
from seatrial.runs.part_files import is_part

from .conftest import HERE

KILLS = 40


def results(run):
    """What does not depend on when, and how often, a run was started."""
    verdict = json.loads((run / "verdict.json").read_text())
    tables = {path.relative_to(run).as_posix(): pq.read_table(path) for path in run.rglob("*.parquet")}
    words = {path.name: path.read_text() for path in (run / "products").rglob("*") if path.is_file()}
    return verdict, words, {name: table for name, table in tables.items() if not name.startswith("report/")}


@pytest.mark.slow
def test_forty_kills_come_to_the_same(trial, tmp_path, attempts):
    folder, alone = trial
    for name in ("model", "rows.jsonl"):
        (shutil.copytree if (folder / name).is_dir() else shutil.copy)(folder / name, tmp_path / name)
    (tmp_path / "suite.yaml").write_text(suite_text(folder))
    done = subprocess.run(
        [sys.executable, HERE / "killed_runs.py", tmp_path, str(KILLS), "7"],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    count = attempts("kills")
    for end in told["ends"]:
        if end != 0:
            count.note("a kill", "" if end == -signal.SIGKILL else f"it ended with {end}: {done.stderr[-500:]}")
    assert told["last"] == 0
    runs = sorted((tmp_path / "runs").glob("*/*"))
    assert len(told["ends"]) >= KILLS
    for run in runs:
        assert not (run / "unfinished").exists()
        assert not [path for path in run.rglob("*") if is_part(path.name)]
        assert check(run).intact
        verdict, words, tables = results(run)
        same, same_words, same_tables = results(alone)
        assert (verdict, words) == (same, same_words)
        assert tables.keys() == same_tables.keys()
        assert all(tables[name].equals(same_tables[name]) for name in tables)
        assert [one.state for one in list_runs(run.parent)] == ["pass"]
