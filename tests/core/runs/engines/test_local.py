"""The local engine: one process or several, the same results in the same order; what cannot be carried stays."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pyarrow as pa
import pytest

from seatrial.errors import StageError
from seatrial.rows.table import TableWriter
from seatrial.runs.engines.local import LocalEngine
from seatrial.runs.engines.pickling import packed
from seatrial.runs.engines.pieces import Piece
from seatrial.runs.engines.workers import Workers, cores, on_gpu

SCHEMA = pa.schema([("n", pa.int64())])


@dataclass(frozen=True)
class Squares:
    """Squares numbers; says which process did it."""

    fail_at: int | None = None
    die_at: int | None = None

    def begin(self):
        return self.work

    def work(self, table):
        numbers = table["n"].to_pylist()
        if self.fail_at in numbers:
            raise StageError(f"no square of {self.fail_at}")
        if self.die_at in numbers:
            os._exit(9)
        squares = pa.table({"n": [n * n for n in numbers]}, SCHEMA)
        return squares, pa.table({"process": [os.getpid()], "threads": [os.environ.get("OMP_NUM_THREADS", "")]})


@pytest.fixture
def numbers(tmp_path):
    """100 numbers in 10 row groups."""
    path = tmp_path / "numbers.parquet"
    with TableWriter.open(path, SCHEMA, batch=10) as writer:
        writer.write(pa.table({"n": range(100)}, SCHEMA))
    return path


def mapped(engine, job, path):
    with engine.open() as work:
        squares, processes = zip(*work.map(job, path), strict=True)
    return pa.concat_tables(squares)["n"].to_pylist(), pa.concat_tables(processes).to_pylist()


def test_little_work_stays_in_this_process(numbers):
    squares, processes = mapped(LocalEngine(workers=2), Squares(), numbers)
    assert squares == [n * n for n in range(100)]
    assert {one["process"] for one in processes} == {os.getpid()}


def test_much_work_goes_to_several_processes_and_comes_back_in_order(numbers):
    squares, processes = mapped(LocalEngine(workers=2, worth=0), Squares(), numbers)
    assert squares == [n * n for n in range(100)]
    others = {one["process"] for one in processes} - {os.getpid()}
    assert processes[0]["process"] == os.getpid()
    assert len(others) == 2
    assert all(one["threads"].isdecimal() for one in processes if one["process"] in others)


def test_with_one_worker_everything_stays_here(numbers):
    _, processes = mapped(LocalEngine(workers=1, worth=0), Squares(), numbers)
    assert {one["process"] for one in processes} == {os.getpid()}


def test_work_that_uses_a_gpu_stays_here(numbers, monkeypatch):
    torch = SimpleNamespace(cuda=SimpleNamespace(is_initialized=lambda: True))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr("seatrial.runs.engines.local.on_gpu", on_gpu)
    _, processes = mapped(LocalEngine(workers=2, worth=0), Squares(), numbers)
    assert {one["process"] for one in processes} == {os.getpid()}


def test_what_a_worker_raises_is_raised_here(numbers):
    with pytest.raises(StageError, match="no square of 57"):
        mapped(LocalEngine(workers=2, worth=0), Squares(fail_at=57), numbers)


def test_a_worker_that_dies_is_said_with_what_to_do(numbers):
    with pytest.raises(StageError, match=r"^one of 2 worker processes ended with exit code 9$"):
        mapped(LocalEngine(workers=2, worth=0), Squares(die_at=57), numbers)


def test_a_job_that_is_lacking_in_other_processes_is_done_here(numbers, monkeypatch):
    module = ModuleType("seatrial_example_made_here")
    module.Same = type("Same", (Squares,), {"__module__": module.__name__})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    squares, processes = mapped(LocalEngine(workers=2, worth=0), module.Same(), numbers)
    assert squares == [n * n for n in range(100)]
    assert {one["process"] for one in processes} == {os.getpid()}


def test_a_job_that_cannot_be_carried_is_done_here(numbers):
    job = Squares(fail_at=lambda: None)  # no other process knows this function
    assert packed(job) is None
    squares, processes = mapped(LocalEngine(workers=2, worth=0), job, numbers)
    assert squares == [n * n for n in range(100)]
    assert {one["process"] for one in processes} == {os.getpid()}


def test_an_empty_table_gives_nothing(tmp_path):
    path = tmp_path / "none.parquet"
    with TableWriter.open(path, SCHEMA):
        pass
    with LocalEngine(workers=2, worth=0).open() as work:
        assert list(work.map(Squares(), path)) == []


SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_local import Squares
from seatrial.runs.engines.local import LocalEngine

class Here:
    def begin(self):
        return Squares().work

print("started")
with LocalEngine(workers=2, worth=0).open() as work:
    for job in (Squares(), Here()):
        processes = [one[1].to_pylist()[0]["process"] for one in work.map(job, Path({path!r}))]
        print(len(set(processes)), *set(processes), flush=True)
    time.sleep({wait})
"""


def script(tmp_path, numbers, wait):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(folder=str(Path(__file__).parent), path=str(numbers), wait=wait), encoding="utf-8")
    return [sys.executable, str(path)]


def test_a_script_without_a_guard_is_not_run_again_in_its_workers(tmp_path, numbers):
    done = subprocess.run(script(tmp_path, numbers, 0), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    started, squares, here = done.stdout.splitlines()
    assert started == "started"
    assert squares.split()[0] == "3"
    assert here.split()[0] == "1"  # its class stands in the script


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_workers_end_with_the_process_that_started_them_even_if_it_is_killed(tmp_path, numbers):
    process = subprocess.Popen(script(tmp_path, numbers, 60), stdout=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(3)]
    others = {int(number) for number in lines[1].split()[1:]} - {process.pid}
    assert len(others) == 2
    process.kill()
    process.wait()
    until = time.monotonic() + 60
    while any(Path(f"/proc/{number}/cmdline").exists() for number in others) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [number for number in others if Path(f"/proc/{number}/cmdline").exists()]


@pytest.mark.parametrize(("said", "count"), [("150000 100000", 2), ("10000 100000", 1), ("99900000 100000", None)])
def test_no_more_cores_are_used_than_a_container_is_given(tmp_path, monkeypatch, said, count):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(said + "\n")
    assert cores(tmp_path / "cpu.max") == (count or 8)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores(tmp_path / "cpu.max") == cores(tmp_path / "none") == 8


def test_jobs_take_turns_in_the_same_workers(numbers):
    with Workers.started(1) as workers:
        first = [one for one, _ in workers.map(packed(Squares()), numbers, [Piece(0, 0, 10), Piece(1, 0, 10)])]
        second = [one for one, _ in workers.map(packed(Squares(fail_at=99)), numbers, [Piece(1, 0, 10)])]
    assert first[1].equals(second[0])
