"""A stage's result is used again only if nothing about it changed, and a folder is one process's at a time."""

import multiprocessing
import os
from datetime import UTC, datetime

import pytest

from seatrial.errors import StoreError, UsageError
from seatrial.runs.events import Artifact, Record
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.store import write_json

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def finish(folder, stage="read", key="k1", text="rows"):
    path = folder / f"data/{stage}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    record = Record(stage, key, NOW, 1.5, resumed=False, peak_bytes=10)
    return folder.finish(record, Artifact({"rows": path}, {"n": 3}))


def test_what_a_killed_run_left_goes_when_it_is_gone_on_with(tmp_path):
    part = tmp_path / "nodes" / f".read.json.{'c' * 16}.part"
    part.parent.mkdir()
    part.write_text("half")
    with RunFolder(tmp_path).lock():
        assert not part.exists()


def test_a_finished_stage_is_found_again_with_its_facts(tmp_path):
    folder = RunFolder(tmp_path)
    finish(folder)
    record, artifact = folder.finished("read", "k1")
    assert record.resumed
    assert (record.seconds, artifact.facts) == (1.5, {"n": 3})
    assert artifact.files["rows"].read_text() == "rows"


@pytest.mark.parametrize("harm", ["other key", "changed", "removed"])
def test_a_stage_is_not_used_again_when_anything_changed(tmp_path, harm):
    folder = RunFolder(tmp_path)
    finish(folder)
    key = "k2" if harm == "other key" else "k1"
    if harm == "changed":
        (folder / "data/read.txt").write_text("other")
    if harm == "removed":
        (folder / "data/read.txt").unlink()
    assert folder.finished("read", key) is None


def test_two_runs_of_one_second_get_two_folders(tmp_path):
    one, two = (RunFolder.create(tmp_path, "router v1/β", NOW) for _ in range(2))
    assert (one.path.name, two.path.name) == ("20260102T030405-router-v1-", "20260102T030405-router-v1--2")


def test_the_newest_unfinished_run_of_the_same_suite_goes_on(tmp_path):
    for second, digest, finished in ((1, "x", None), (2, "x", None), (3, "y", None), (4, "x", "done")):
        folder = RunFolder.create(tmp_path, "s", NOW.replace(second=second))
        write_json(folder / "manifest.json", {"suite_sha256": digest, "finished": finished})
    assert RunFolder.newest_unfinished(tmp_path, "x").path.name == "20260102T030402-s"
    assert RunFolder.newest_unfinished(tmp_path, "z") is None


def test_a_damaged_run_keeps_no_other_from_being_gone_on_with(tmp_path):
    whole = RunFolder.create(tmp_path, "s", NOW)
    write_json(whole / "manifest.json", {"suite_sha256": "x"})
    for second, text in enumerate(("{", "[]", "", "[" * 100_000, '{"suite_sha256": ["x"]}'), start=6):
        folder = RunFolder.create(tmp_path, "s", NOW.replace(second=second))
        (folder / "manifest.json").write_text(text)
    os.mkfifo(RunFolder.create(tmp_path, "s", NOW.replace(second=20)) / "manifest.json")
    assert RunFolder.newest_unfinished(tmp_path, "x").path == whole.path


def test_a_log_that_is_a_file_elsewhere_too_is_made_the_runs_own(tmp_path):
    (tmp_path / "precious").write_text("precious")
    folder = RunFolder.create(tmp_path, "s", NOW)
    os.link(tmp_path / "precious", folder / "log.jsonl")
    with folder.lock(), (folder / "log.jsonl").open("a") as stream:
        stream.write("more")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (folder / "log.jsonl").read_text() == "preciousmore"


def test_what_is_no_run_folder_is_said_to_be_none(tmp_path):
    with pytest.raises(UsageError, match="not a run folder"):
        RunFolder.open(tmp_path)


def test_a_damaged_manifest_is_a_message(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match=r"manifest\.json: missing or damaged .*--fresh"):
        RunFolder.open(tmp_path).read_json("manifest.json")


def _hold(path, ready, go):
    with RunFolder(path).lock():
        ready.set()
        go.wait(20)


def test_a_folder_is_one_processes_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("seatrial.runs.run_folder._PATIENCE", 0.2)
    context = multiprocessing.get_context("fork")
    ready, go = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready, go))
    holder.start()
    assert ready.wait(20)
    with (
        pytest.raises(StoreError, match="another seatrial process works in this run folder"),
        RunFolder(tmp_path).lock(),
    ):
        pass
    go.set()
    holder.join(20)
    with RunFolder(tmp_path).lock():
        assert holder.exitcode == 0


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            '{"level": "warning", "message": "w"}\n{"level": "error", "message": "train: no memory"}\n',
            "train: no memory",
        ),
        ('{"level": "error", "message": "e"}\n{"level": "warning", "message": "gone on with"}\n', None),
        ('{"level": "error", "message": ""}\n', None),  # Ctrl-C says nothing
        ('{"level": "err', None),
        ("", None),
    ],
)
def test_what_a_run_ended_with_is_the_last_thing_in_its_log(tmp_path, log, said):
    (tmp_path / "log.jsonl").write_text(log)
    assert RunFolder(tmp_path).last_error() == said


def test_a_run_without_a_log_ended_with_nothing(tmp_path):
    assert RunFolder(tmp_path).last_error() is None
