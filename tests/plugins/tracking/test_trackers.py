"""What each tracker keeps of a run, read back by its own library; without the library there is nothing to read."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import seatrial_plugins.tracking as trackers
from seatrial import Score
from seatrial.evaluation.scores import Interval
from seatrial.runs.recipe import Recipe
from seatrial.runs.tracked import TrackedProcess
from seatrial.runs.tracker import TrackedRun, TrackedStep, TrackingOutcome
from seatrial.verdict import Decision
from seatrial_plugins.tracking.mlflow_run import _refuse_remote

CONFIG = {"name": "router", "train": {"method": "lora", "r": 8}, "gates": [{"metric": "choice/accuracy", "min": 0.7}]}
SCORES = (
    Score("choice/accuracy", "tuned", 0.9, 50, "proportion", "higher", interval=Interval(0.8, 0.95, 0.95, "Wilson")),
    Score("choice/accuracy", "base", None, 0, "proportion", "higher", missing="was not asked"),
    Score("latency/ttft_p50_ms@b8", "tuned", 12.5, 44, "percentile", "lower"),
)
GATE = Decision("choice/accuracy", "pass", "block", "choice/accuracy ≥ 0.7", "the lower bound is 0.82")
STEPS = [
    TrackedStep("train", 1, {"loss": 2.0, "learning_rate": 1e-3, "grad_norm": 0.5, "tokens_per_second": 900.0}),
    TrackedStep("train", 2, {"loss": 1.5, "learning_rate": 5e-4, "grad_norm": 0.4, "tokens_per_second": 950.0}),
    TrackedStep("train", 2, {"validation_loss": 1.7}),
]
NAME = "20261201T120000-router"


@pytest.fixture
def track(tmp_path, monkeypatch):
    """Has a tracker told of a run as a run does, in a process of its own; `failed` has it end with an error."""
    monkeypatch.chdir(tmp_path)
    report = tmp_path / "report"
    report.mkdir()
    (report / "report.md").write_text("# PASS: router\n")
    (report / "index.html").write_text("<p>router</p>")

    def go(name, *, failed=False, steps=STEPS, **options):
        pytest.importorskip(name, reason=f"{name} is not installed")
        warned = []
        tracker = TrackedProcess(Recipe(name, getattr(trackers, name), options), failed=warned.append)
        tracker.tell("start", TrackedRun(NAME, NAME, "router", tmp_path / NAME, False, CONFIG))
        for step in steps:
            tracker.tell("log", step)
        passed = TrackingOutcome("pass", "the gate holds", "", SCORES, (GATE,), report)
        ended = TrackingOutcome("failed", "train: the loss is nan", "train[seed=7]")
        tracker.tell("finish", ended if failed else passed)
        tracker.let_end()
        tracker.close(time.monotonic() + 100)
        assert warned == []
        assert tracker.told == len(steps) + 2

    return go


# ---- TensorBoard -----------------------------------------------------------------------------------------------------


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return {tag: [(one.step, one.tensor_proto) for one in found.Tensors(tag)] for tag in found.Tags()["tensors"]}


def test_tensorboard_has_scalars_texts_and_the_report(track, tmp_path):
    track("tensorboard", folder="board")
    found = events(tmp_path / "board" / NAME)
    assert [(step, value.float_val[0]) for step, value in found["train/loss"]] == [(1, 2.0), (2, 1.5)]
    assert [step for step, _ in found["train/validation_loss"]] == [2]
    assert found["scores/choice/accuracy/tuned.low"][0][1].float_val[0] == pytest.approx(0.8)
    assert "scores/choice/accuracy/base" not in found
    assert b"was not asked" in found["verdict"][0][1].string_val[0]
    assert b'"method": "lora"' in found["suite"][0][1].string_val[0]
    assert found["report"][0][1].string_val[0] == b"# PASS: router\n"
    assert (tmp_path / "board" / NAME / "report/index.html").is_file()


def test_tensorboard_is_told_of_a_failure(track, tmp_path):
    track("tensorboard", failed=True)
    text = events(tmp_path / "tensorboard" / NAME)["verdict"][0][1].string_val[0].decode()
    assert text.startswith("# FAILED")
    assert "train[seed=7]: train: the loss is nan" in text


# ---- MLflow ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["https://me:key@mlflow.example", "postgresql+psycopg://db.example/x", "databricks"])
def test_mlflow_sends_nothing_offline(uri):
    with pytest.raises(RuntimeError, match="--offline") as refused:
        _refuse_remote(uri)
    assert "key" not in str(refused.value)


@pytest.mark.parametrize(
    "uri", ["file:mlruns", "mlruns", "/tmp/mlruns", "sqlite:///mlflow.db", "http://127.0.0.1:5000"]
)
def test_mlflow_keeps_what_is_of_this_machine_offline(uri):
    _refuse_remote(uri)


def test_mlflow_refuses_a_server_before_it_is_asked():
    with pytest.raises(RuntimeError, match="--offline"):
        trackers.mlflow(uri="https://mlflow.example").start(TrackedRun(NAME, NAME, "router", Path(NAME), True, CONFIG))


def test_mlflow_takes_its_place_from_a_variable(monkeypatch):
    run = TrackedRun(NAME, NAME, "router", Path(NAME), True, CONFIG)
    with pytest.raises(RuntimeError, match=r"the variable TRACKING_DB, which `uri_env` names, is not set"):
        trackers.mlflow(uri_env="TRACKING_DB").start(run)
    monkeypatch.setenv("TRACKING_DB", "postgresql://me:secret@db.example/runs")
    with pytest.raises(RuntimeError, match=r"--offline.*at postgresql://db\.example$"):
        trackers.mlflow(uri_env="TRACKING_DB").start(run)


def test_trackio_is_told_of_no_space(monkeypatch):
    told = {}
    monkeypatch.setitem(sys.modules, "trackio", SimpleNamespace(init=lambda **_: told.update(os.environ)))
    monkeypatch.setattr(os, "environ", {**os.environ, "TRACKIO_SPACE_ID": "me/space", "TRACKIO_DIR": "here"})
    trackers.trackio().start(TrackedRun(NAME, NAME, "router", Path(NAME), True, CONFIG))
    assert {name for name in told if name.startswith("TRACKIO_")} == {"TRACKIO_DIR"}


def runs_of(uri):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("seatrial")
    return client, client.search_runs([experiment.experiment_id])


@pytest.mark.parametrize("store", ["file:mlruns", "sqlite:///mlflow.db"])
def test_mlflow_has_parameters_metrics_verdict_and_the_report_and_goes_on_with_its_run(track, monkeypatch, store):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    if store.startswith("sqlite"):
        pytest.importorskip("sqlalchemy", reason="MLflow keeps a database by SQLAlchemy, which is not installed")
    track("mlflow", uri=store, failed=True, steps=STEPS[:1])
    client, (run,) = runs_of(store)
    assert run.info.status == "FAILED"
    assert run.data.tags["seatrial.stage"] == "train[seed=7]"
    track("mlflow", uri=store, steps=STEPS[1:])
    client, (run,) = runs_of(store)
    assert run.info.status == "FINISHED"
    assert run.data.params["train.r"] == "8"
    assert run.data.metrics["train/validation_loss"] == 1.7
    assert run.data.metrics["scores/choice/accuracy/tuned.high"] == 0.95
    assert run.data.metrics["scores/latency/ttft_p50_ms_b8/tuned"] == 12.5
    history = client.get_metric_history(run.info.run_id, "train/loss")
    assert [(one.step, one.value) for one in history] == [(1, 2.0), (2, 1.5)]
    assert run.data.tags["seatrial.verdict"] == "pass"
    assert {one.path for one in client.list_artifacts(run.info.run_id, "report")} == {
        "report/index.html",
        "report/report.md",
    }


# ---- Weights & Biases ------------------------------------------------------------------------------------------------


def records(folder):
    """What an offline run holds, record by record."""
    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = Path(folder).glob("offline-run-*/*.wandb")
    data, place, held = file.read_bytes(), 7, b""  # a log of LevelDB's, behind a header of 7 bytes
    while place + 7 <= len(data):
        if (left := -place % (1 << 15)) < 7:  # the rest of a block, in which no piece begins
            place += left
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        held += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in {1, 4}:  # whole, or the last piece
            yield Record.FromString(held)
            held = b""


def test_wandb_keeps_a_run_offline_without_an_account(track, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody is logged in there
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    track("wandb", tags=["nightly"])
    found = list(records(tmp_path / "wandb"))
    run = next(one.run for one in found if one.WhichOneof("record_type") == "run")
    assert (run.run_id, run.project, list(run.tags)) == (NAME, "seatrial", ["nightly"])
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["train"] == {"method": "lora", "r": 8}
    logged = [
        {item.key or "/".join(item.nested_key): item.value_json for item in one.history.item}
        for one in found
        if one.WhichOneof("record_type") == "history"
    ]
    assert [one["train/loss"] for one in logged if "train/loss" in one] == ["2", "1.5"]
    text = " ".join(str(one) for one in found)
    assert "scores/choice/accuracy/tuned.low" in text
    assert "index.html" in text


def test_wandb_online_asks_nobody_for_a_login(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    warned = []
    tracker = TrackedProcess(Recipe("wandb", trackers.wandb, {"mode": "online"}), failed=warned.append)
    tracker.tell("start", TrackedRun(NAME, NAME, "router", tmp_path / NAME, False, CONFIG))
    tracker.let_end()
    tracker.close(time.monotonic() + 100)
    (said,) = warned
    assert "WANDB_API_KEY" in said
    assert "offline" in said


# ---- Trackio ---------------------------------------------------------------------------------------------------------


def test_trackio_keeps_a_run_in_its_local_database(track, tmp_path):
    track("trackio", folder="kept")
    import sqlite3

    (file,) = (tmp_path / "kept").glob("seatrial*.db")
    with sqlite3.connect(file) as database:
        found = database.execute("SELECT run_name, step, metrics FROM metrics ORDER BY id").fetchall()
    assert {name for name, _, _ in found} == {NAME}
    text = " ".join(str(metrics) for _, _, metrics in found)
    assert "train/loss" in text
    assert "scores/choice/accuracy/tuned.low" in text
