"""What a test leaves behind is told, each thing in a sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import left_behind, warm_processes
from .left_behind import State


@pytest.fixture
def before(monkeypatch):
    monkeypatch.setattr(left_behind, "WAIT", 0.2)
    return State.now()


def test_nothing_is_nothing(before):
    assert before.changes() == []


def test_another_file_behind_a_descriptor_is_told(before):
    kept = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        assert before.changes() == ["descriptor 1 is another file"]
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)
    assert before.changes() == []


def test_a_signal_that_is_handled_otherwise_is_told(before):
    kept = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert before.changes() == ["SIGTERM is handled by <Handlers.SIG_IGN: 1>"]
    finally:
        signal.signal(signal.SIGTERM, kept)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_a_process_that_still_runs_is_told_and_one_that_has_ended_is_not(before):
    code = "print(flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    (told,) = before.changes()
    assert told.startswith(f"process {process.pid} still runs: ")
    assert told.endswith(code)
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert before.changes() == []
    process.wait()
    process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_a_process_that_the_warm_server_forked_is_told_and_the_server_is_not(monkeypatch):
    before = State.now()
    process = warm_processes.Process(target=time.sleep, args=(600,))
    process.start()
    monkeypatch.setattr(left_behind, "WAIT", 0.2)
    try:
        (told,) = before.changes()
        assert told.startswith(f"process {process.pid} still runs: ")
    finally:
        process.kill()
        process.join()
    assert before.changes() == []
