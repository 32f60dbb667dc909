"""Small files that unpack, repeat or nest beyond all measure: read within 2 GB and some seconds each, or said why not."""

import json
import os
import subprocess
import sys

import pytest

from .conftest import HERE

SECONDS = 30
"""Of the processor's time for one file; the slowest takes 4. Not a measurement: what is quadratic takes hours."""


@pytest.mark.slow
def test_small_files_take_bounded_memory_and_time(tmp_path, attempts):
    done = subprocess.run(
        [sys.executable, HERE / "small_files.py", tmp_path],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    count = attempts("small files")
    for name, (said, seconds) in json.loads(done.stdout.splitlines()[-1]).items():
        count.note(name, said or (f"{seconds:.0f} s of the processor" if seconds > SECONDS else ""))
