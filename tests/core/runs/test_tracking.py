"""Trackers are told of a run, each in a process of its own, and whatever they do, the run is the same."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from seatrial.errors import StageError
from seatrial.plugin.host import WatchFailure
from seatrial.runs import digests, tracking
from seatrial.runs.preflight import preflight
from seatrial.runs.recipe import Recipe
from seatrial.runs.run import run, suite_digest
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.store import write_json
from seatrial.runs.tracked import TrackedProcess
from seatrial.runs.tracker import TrackedStep
from seatrial.runs.tracking import Tracking
from seatrial.suite.file import load_suite

from .toy_trackers import Notes, Trackers, told
from .toys import SUITE, Right, Toys, suite_text, toy_host, write_trial


@pytest.fixture
def tracked(tmp_path):
    """`tracked(*trackers)`: a host, and a suite with those trackers."""
    write_trial(tmp_path)

    def make(*trackers, text=SUITE, toys=None):
        host, path = toy_host(toys), tmp_path / "suite.yaml"
        host.register(Trackers(), name="trackers", distribution="tracker-parts")
        path.write_text(f"{suite_text(tmp_path, text)}tracking: {json.dumps(list(trackers))}\n")
        return host, load_suite(path, host)

    return make


@pytest.fixture
def go(tmp_path):
    return lambda host, suite: run(suite, host, runs=tmp_path / "runs", cache=tmp_path / "cache")


def test_a_tracker_is_told_of_settings_steps_scores_verdict_and_report(tracked, go, tmp_path):
    file = tmp_path / "notes.jsonl"
    host, suite = tracked({"notes": {"file": str(file)}})
    result = go(host, suite)
    start, log, finish = told(file)
    assert (start["call"], log["call"], finish["call"]) == ("start", "log", "finish")
    assert start["name"] == result.folder.name
    assert start["identity"] == RunFolder(result.folder).identity()
    assert start["config"] == json.loads(json.dumps(suite.resolved()))
    assert (log["training"], log["step"], log["values"]["loss"]) == ("train", 1, 0.5)
    assert (finish["state"], finish["report"]) == (result.verdict.state, str(result.folder / "report"))
    scores = {(one["metric"], one["system"]): one for one in finish["scores"]}
    scored = next(one for one in result.scores if (one.metric, one.system) == ("right/share", "tuned"))
    assert scores["right/share", "tuned"]["value"] == scored.value
    assert scores["right/share", "tuned"]["interval"]["low"] == scored.interval.low
    assert finish["decisions"][0]["outcome"] == "pass"
    assert start["process"] == finish["process"] != os.getpid()
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert manifest["tracking"] == {"notes": {"calls": 3}}
    assert host.watch_failures == []


def test_runs_that_began_in_the_same_second_elsewhere_are_two(tmp_path):
    began = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    folders = [RunFolder.create(tmp_path / place, "router", began) for place in ("ci-1", "ci-2")]
    for folder, microsecond in zip(folders, (17, 18), strict=True):
        write_json(folder / "manifest.json", {"started": began.replace(microsecond=microsecond).isoformat()})
    first, second = (folder.identity() for folder in folders)
    assert folders[0].path.name == folders[1].path.name
    assert first != second
    assert first.startswith(folders[0].path.name)
    assert RunFolder(folders[0].path.rename(tmp_path / folders[0].path.name)).identity() == first


def test_a_stage_that_fails_is_told_with_its_error_and_no_secret(tracked, go, tmp_path, monkeypatch):
    file = tmp_path / "notes.jsonl"
    host, suite = tracked({"notes": {"file": str(file)}})

    def fails(*_):
        raise ValueError("token=abc at https://me:secret@host")

    monkeypatch.setattr(Right, "score", fails)
    with pytest.raises(StageError):
        go(host, suite)
    finish = told(file)[-1]
    assert (finish["call"], finish["state"], finish["stage"]) == ("finish", "failed", "score[right]")
    assert "ValueError" in finish["reason"]
    assert "secret" not in finish["reason"]


def test_what_a_sample_or_a_gate_says_is_sent_without_its_secrets(tracked, go):
    host, suite = tracked()
    result, sent, key = go(host, suite), [], "sk-abcdefghijklmnopqrstuvwxyz0123"
    tracker = SimpleNamespace(
        tell=lambda _, told: sent.append(told), let_end=lambda: None, close=lambda _: None, told=1, problem=""
    )
    telling = Tracking([], SimpleNamespace(host=host))
    telling._trackers["notes"] = tracker
    decision = replace(result.verdict.decisions[0], condition=f"of {key}", reason=f"401: {key} is no key")
    score = replace(result.scores[0], value=None, missing=f"each sample failed: 401: {key} is no key")
    telling.finish(replace(result, scores=[score], verdict=replace(result.verdict, decisions=(decision,))))
    (outcome,) = sent
    assert "each sample failed: 401" in outcome.scores[0].missing
    assert key not in repr(outcome)


def test_an_interrupted_run_says_so(tracked, go, tmp_path):
    file = tmp_path / "notes.jsonl"
    toys = Toys()
    toys.dies_at = 1
    host, suite = tracked({"notes": {"file": str(file)}}, toys=toys)
    with pytest.raises(KeyboardInterrupt):
        go(host, suite)
    finish = told(file)[-1]
    assert finish["state"] == "failed"
    assert "interrupted" in finish["reason"]


WRONG = {
    "raises": "`log` failed: ConnectionError: no route to host",
    "exits": "`finish` failed: SystemExit",
    "dies": "exit code 7",
    "unbuilt": "No space left on device",
    "asks": "`start` failed: OSError",
    "lacking": "pip install 'no-such-library'",
}


def test_trackers_that_fail_are_warned_of_once_and_change_nothing(tracked, go):
    host, suite = tracked(*WRONG)
    result = go(host, suite)
    assert result.verdict.state == "pass"
    manifest = json.loads((result.folder / "manifest.json").read_text())
    log = [json.loads(line)["message"] for line in (result.folder / "log.jsonl").read_text().splitlines()]
    assert len(log) == len(host.watch_failures) == len(WRONG)
    for name, said in WRONG.items():
        assert said in manifest["tracking"][name]["warning"], name
        assert sum(line.startswith(f"tracker {name}: ") for line in log) == 1
        assert not any(isinstance(one, WatchFailure) for one in host.watch_failures)


@pytest.mark.parametrize("name", ["hangs", "hangs-at-exit"])
def test_one_that_hangs_is_ended(name, tracked, go, monkeypatch):
    monkeypatch.setattr(tracking, "PATIENCE", 2.0)
    host, suite = tracked(name)
    before, started = set(multiprocessing.active_children()), time.monotonic()
    at_the_end = []
    finish = Tracking.finish

    def waits(self, result):
        at_the_end.append(json.loads((result.folder / "manifest.json").read_text())["finished"])
        at_the_end.append(digests.check(result.folder).intact)
        finish(self, result)

    monkeypatch.setattr(Tracking, "finish", waits)
    result = go(host, suite)
    assert result.verdict.state == "pass"
    assert all(at_the_end)
    assert digests.check(result.folder).intact
    assert time.monotonic() - started < 60
    assert "ended" in json.loads((result.folder / "manifest.json").read_text())["tracking"][name]["warning"]
    assert set(multiprocessing.active_children()) <= before


def test_where_the_process_of_the_run_is_killed_the_tracker_is_told_so(tmp_path):
    file = tmp_path / "notes.jsonl"
    warned = []
    tracker = TrackedProcess(Recipe("notes", Notes, {"file": str(file)}), failed=warned.append)
    tracker.tell("log", TrackedStep("train", 3, {"loss": 1.5}))
    while not told(file):
        time.sleep(0.01)
    with socket.socket(fileno=os.dup(tracker._ours.fileno())) as connection:  # as for a process that is gone
        connection.shutdown(socket.SHUT_RDWR)
    tracker._process.join(30)
    tracker.close(0)
    finish = told(file)[-1]
    assert (finish["call"], finish["state"]) == ("finish", "failed")
    assert "killed" in finish["reason"]


KILLED = """
import os, signal, sys, time
from pathlib import Path
from seatrial.runs.recipe import Recipe
from seatrial.runs.tracked import TrackedProcess
from tests.core.runs.toy_trackers import HangsAtOnce
file = Path(sys.argv[1])
TrackedProcess(Recipe("hangs", HangsAtOnce, {"file": str(file)}), failed=print, last=0.1).tell("log", None)
while not (file.is_file() and file.read_text()):
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_that_hangs_in_a_call_does_not_outlive_a_run_that_was_killed(tmp_path):
    file = tmp_path / "held"  # by the tracker, as long as its process lives
    command = [sys.executable, "-c", KILLED, str(file)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    until = time.monotonic() + 60
    with file.open("a") as held:
        while time.monotonic() < until:
            with suppress(BlockingIOError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.05)
    pytest.fail("the tracker is still there")


def test_what_cannot_be_carried_into_another_process_is_not_used():
    warned = []
    tracker = TrackedProcess(Recipe("here", lambda: None, {}), failed=warned.append)
    tracker.tell("log", TrackedStep("train", 1, {}))
    tracker.let_end()
    tracker.close(0)
    assert len(warned) == 1


def test_where_no_process_can_be_started_the_run_goes_on(tracked, go, monkeypatch):
    def full(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("seatrial.runs.tracked.start_one", full)
    host, suite = tracked("exits")
    result = go(host, suite)
    assert result.verdict.state == "pass"
    assert [str(one) for one in host.watch_failures] == [
        "tracker exits: its process could not be started: [Errno 24] Too many open files"
    ]


def test_who_tracks_a_run_makes_no_other_run_of_it(tracked):
    host, alone = tracked()
    _, both = tracked("exits", {"notes": {"file": "x"}})
    assert suite_digest(alone, host, only_data=False) == suite_digest(both, host, only_data=False)
    assert [chosen.name for chosen in both.tracking] == ["exits", "notes"]


def test_check_says_which_library_is_missing(tracked, tmp_path):
    host, suite = tracked("lacking", "exits")
    said = [line for line in preflight(suite, host, cache=tmp_path / "cache") if "tracker" in line]
    assert len(said) == 1
    assert said[0].startswith("warning: tracker lacking: ")
    assert "no-such-library" in said[0]
