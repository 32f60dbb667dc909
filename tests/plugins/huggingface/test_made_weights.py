"""Weights that are made once: by one process, and anew where they are no longer as they were made."""

import json
import multiprocessing

import pytest

from seatrial.runs.store import atomic_folder, write_json
from seatrial_plugins.huggingface.made_weights import make_weights


def write(folder, text="w" * 100_000):
    with atomic_folder(folder) as part:
        (part / "model.safetensors").write_text(text)


def asks(folder, made, barrier):
    def make():
        with made.get_lock():
            made.value += 1
        write(folder)

    barrier.wait(30)
    make_weights(folder, folder.parent, make)
    assert len((folder / "model.safetensors").read_text()) == 100_000
    for _ in range(50):
        write_json(folder.with_name("note.json"), {"weights": "w" * 10_000})
        assert len(json.loads(folder.with_name("note.json").read_text())["weights"]) == 10_000


@pytest.mark.parametrize("there", [False, True], ids=["empty cache", "cache without digests"])
def test_of_processes_that_want_the_same_one_makes_it_and_all_get_it(tmp_path, there):
    folder = tmp_path / "cache/model"
    if there:
        write(folder, "of another version")
    context = multiprocessing.get_context("fork")
    made, barrier = context.Value("i", 0), context.Barrier(6)
    processes = [context.Process(target=asks, args=(folder, made, barrier)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 6
    assert made.value == 1


def test_each_making_has_a_name_of_its_own(tmp_path):
    folder = tmp_path / "model"
    first, again = (make_weights(folder, tmp_path, lambda: write(folder)) for _ in range(2))
    assert first == again
    (folder / "model.safetensors").write_text("another's")
    assert make_weights(folder, tmp_path, lambda: write(folder)) != first
    assert (folder / "model.safetensors").read_text() == "w" * 100_000
