"""Processes beside this one: how they end, what is known of one that died, and what they have of this one."""

import multiprocessing
import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from seatrial.runs.engines.at_work import at_work
from seatrial.runs.engines.processes import Death
from seatrial.runs.engines.workers import one_beside

WAITS = """
import sys, time
if "spawn_main" in " ".join(sys.orig_argv):
    time.sleep(600)
"""


def test_leaving_while_the_process_still_starts_ends_it_and_runs_nothing(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(WAITS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    file = tmp_path / "touched"
    before = set(multiprocessing.active_children())
    with one_beside(threads=1) as pool:
        job = pool.executor.submit(file.touch)
        (child,) = set(multiprocessing.active_children()) - before
        assert child.is_alive()
    assert not child.is_alive()
    assert child.exitcode == -signal.SIGKILL
    assert job.cancelled() or isinstance(job.exception(), BrokenProcessPool)
    assert not file.exists()
    assert not pool.folder.exists()


def test_a_process_beside_has_no_gpu_and_this_one_keeps_its_own(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with one_beside(threads=1) as pool:
        assert pool.executor.submit(os.getenv, "CUDA_VISIBLE_DEVICES").result() == ""
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"


def gpus():
    import torch

    return torch.cuda.device_count()


def test_torch_finds_no_gpu_in_a_process_beside():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    with one_beside(threads=1) as pool:
        assert pool.executor.submit(gpus).result() == 0


def killed(who):
    with at_work(who):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_death_tells_who_was_at_work(tmp_path):
    with one_beside(threads=1) as pool:
        assert pool.executor.submit(Path.exists, tmp_path).result()
        with pytest.raises(BrokenProcessPool):
            pool.executor.submit(killed, "filter toxicity").result()
        assert pool.death() == Death("filter toxicity", -signal.SIGKILL)


def terminated():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)


def test_a_process_that_is_told_to_end_while_nobody_is_at_work_says_so():
    with one_beside(threads=1) as pool:
        with pytest.raises(BrokenProcessPool):
            pool.executor.submit(terminated).result()
        assert pool.death() == Death("", -signal.SIGTERM)


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (Death("filter a", 9), "filter a: the process that it worked in ended with exit code 9"),
        (
            Death("filter a", -9),
            "filter a: the process that it worked in was killed by SIGKILL (was it out of memory?)",
        ),
        (Death("", -11), "a worker was killed by SIGSEGV"),
        (Death("", -99), "a worker was killed by signal 99"),
        (Death("", None), "a worker died"),
    ],
)
def test_a_death_in_words(death, said):
    assert death.said("a worker") == said
    assert death.killed is (death.code == -9)
