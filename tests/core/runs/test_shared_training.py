"""A training that a launcher's processes share says why it failed, whichever of them knows."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from seatrial.errors import TrainingError, UsageError
from seatrial.runs import shared_training
from seatrial.runs.recipe import Recipe
from seatrial.runs.shared_training import Leader, SharedTraining, follow, train_here
from seatrial.training import Launch, Trained

HERE = [Launch(rank, 2, rank, 2, "node-0", 29500, hosted=True) for rank in range(2)]


class OutOfMemoryError(Exception):
    """Of a library."""


class Method:
    """Its processes end each in a way of its own; the first one's connection breaks a moment after the second."""

    def __init__(self, second):
        self.second = second
        self.left = {}

    def meet(self, launch):
        assert (launch.address, launch.port) == ("node-0", 29500)
        return self

    def put(self, name, message):
        self.left[name] = message

    def get(self, name):
        return self.left.get(name)

    def train_part(self, job, part):
        begun = job / "begun"
        if part.rank:
            begun.touch()
            if self.second == "raises":
                raise OutOfMemoryError("tried to allocate 20 MiB")
            os.kill(os.getpid(), signal.SIGKILL)
        while not begun.exists():
            time.sleep(0.01)
        if self.second == "dies":
            raise RuntimeError("connection closed by peer")
        time.sleep(60)


class Bare(SharedTraining):
    """Hands its folder alone to the method."""

    def job(self, log):
        return self.output


def training_of(second, folder):
    return Bare(Recipe("method", Method, {"second": second}), None, None, Path(), Path(), folder, folder, 0, 2, "data")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("raises", r"process 1 of 2 raised OutOfMemoryError: tried to allocate"),
        ("dies", r"process 1 of the 2 that trained was killed by SIGKILL"),
    ],
)
def test_the_leader_says_what_another_process_knows(tmp_path, monkeypatch, second, said):
    monkeypatch.setattr(shared_training, "_GRACE", 1.0 if second == "raises" else 30.0)
    meeting = Method(second)
    other = threading.Thread(target=follow, args=(meeting, HERE[1]))
    other.start()
    with pytest.raises(TrainingError, match=said), Leader.of(meeting, HERE[0]) as leader:
        leader.train(training_of(second, tmp_path), lambda _: None)
    other.join(timeout=20)
    assert not other.is_alive()


def test_a_librarys_error_names_the_process_here_too(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_training, "_GRACE", 0.5)
    with pytest.raises(TrainingError, match="process 1 of 2 raised OutOfMemoryError: tried to allocate"):
        train_here(training_of("raises", tmp_path), lambda _: None)


def test_a_process_that_never_comes_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_training, "_COMING", 0.2)
    with (
        pytest.raises(TrainingError, match=r"of the launcher's 2 processes 1 did not come to node-0:29500"),
        Leader.of(Method("raises"), HERE[0]) as leader,
    ):
        leader.train(training_of("raises", tmp_path), lambda _: Trained("adapter", {}))


def test_a_process_that_meets_nobody_says_where(monkeypatch):
    def meet(_self, _launch):
        raise ConnectionError("timed out")

    monkeypatch.setattr(Method, "meet", meet)
    with pytest.raises(UsageError, match=r"process 1 of .* 2 cannot meet .* node-0:29500 .*timed out"):
        follow(Method("raises"), HERE[1])
