"""Two runs at once, on a cache that nothing is in yet: both come to their verdict."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_two_runs_on_an_empty_cache_both_work(tmp_path, attempts):
    """The shipped suite `smoke` makes its random weights once for all runs."""
    environment = {**os.environ, "SEATRIAL_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "seatrial", "check", "smoke", "--offline"]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in started:
        _, said = process.communicate(timeout=300)
        attempts("shared caches").note("check smoke", "" if process.returncode == 0 else said)
    (weights,) = [path for path in (tmp_path / "cache/models").iterdir() if path.is_dir()]
    assert sorted(path.name for path in (tmp_path / "cache/models").iterdir()) == [
        f".{weights.name}.lock",
        weights.name,
        f"{weights.name}.json",
    ]
