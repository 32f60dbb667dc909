"""A run that is asked to end does so soon, says that it can go on, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

SLOW = """
import os, time
from pathlib import Path
from seatrial import FilterComponent, Rule, hookimpl

class Slow:
    def inspect(self, rows):
        here = Path("pids")
        here.mkdir(exist_ok=True)
        (here / str(os.getpid())).touch()
        # In a worker as long as nobody waits for; where the run begins, just long enough to make workers worth it.
        time.sleep(600 if len(list(here.iterdir())) > 1 and os.getpid() != int(min(here.iterdir(), key=os.path.getmtime).name) else 0.02 * len(rows))
        return []

@hookimpl
def seatrial_filters():
    yield FilterComponent("slow", Slow, "Slow.", rules=(Rule("odd", "Odd."),))
"""

SUITE = """
name: slow
data: {train: {source: "path:rows.jsonl"}, split: {test: 0.5}, engine: {local: {workers: 2}}}
filters: [slow]
report: [json]
"""


@pytest.fixture
def started(installed, tmp_path):
    """A run whose two worker processes are busy for minutes; gives the process and the workers' ids."""
    installed("slow", SLOW)
    lines = [json.dumps({"text": f"text {number}", "label": "ab"[number % 2]}) for number in range(6000)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (tmp_path / "suite.yaml").write_text(SUITE)
    process = subprocess.Popen(
        [sys.executable, "-m", "seatrial", "data", "suite.yaml"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    workers: list[int] = []
    try:
        until = time.monotonic() + 200
        while len(workers) < 2:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, "the workers were never busy"
            time.sleep(0.1)
            with suppress(FileNotFoundError):
                ids = sorted((tmp_path / "pids").iterdir(), key=lambda file: file.stat().st_mtime)
                workers = [int(file.name) for file in ids[1:]]
        yield process, workers
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def ended(process, workers):
    """Exit code and last words, once it has ended by itself; its workers end with it."""
    _, said = process.communicate(timeout=60)
    until = time.monotonic() + 20
    while any(map(is_there, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in workers if is_there(pid)]
    assert "Traceback" not in said, said
    return process.returncode, said.strip().splitlines()[-1]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_ctrl_c_however_often_ends_a_run_with_busy_workers(started, times):
    process, workers = started
    for pause in range(times):
        time.sleep(0.2 * bool(pause))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    code, said = ended(process, workers)
    assert code == 130
    assert "interrupted; the same command goes on" in said or said == "seatrial: interrupted"


def test_sigterm_says_that_the_same_command_goes_on(started):
    process, workers = started
    os.kill(process.pid, signal.SIGTERM)
    code, said = ended(process, workers)
    assert code == 128 + signal.SIGTERM
    assert said == "seatrial: ended by SIGTERM; the same command goes on from the last whole stage"
