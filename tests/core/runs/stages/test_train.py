"""A training that was killed goes on from its checkpoints, its steps are all there once, and its product is told in full."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from seatrial import Artifact, LocalWeights, Product, Resolved, Trained
from seatrial.errors import ContractError, StageError
from seatrial.rows.table import write_rows
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import train as training
from seatrial.runs.stages.finalists import CHOSEN
from seatrial.runs.stages.train import Train, _Log, product_of
from seatrial.runs.store import digest_path


def step(number, loss, kind="loss"):
    return {"step": number, "steps": 4, kind: loss}


def test_the_later_of_two_equal_steps_counts_and_a_line_cut_short_costs_no_other(tmp_path):
    path = tmp_path / "log.jsonl"
    said = []
    log = _Log(path, lambda *progress: said.append(progress), "train: still")
    for values in (step(1, 4.0), step(2, 3.0), step(2, 3.5, "validation_loss")):
        log(values)
    with path.open("a") as stream:
        stream.write("7\n{}\n")
        stream.write(json.dumps(step(3, 2.0))[:15])
    resumed = _Log(path, lambda *progress: said.append(progress), "train: still")
    for values in (step(2, 2.9), step(3, 2.1)):
        resumed(values)
    assert resumed.steps() == [step(1, 4.0), step(2, 2.9), step(2, 3.5, "validation_loss"), step(3, 2.1)]
    assert said[-1] == (3, 4, {"loss": 2.1})


class StillLoader:
    """Its models have nothing that could be opened; what it gives to training says which target it is of."""

    def resolve(self, address, find, cache):
        return LocalWeights(address, find(address).path, "digest")

    def trainable(self, target):
        return StillModel(target.digest)


@dataclass(frozen=True)
class StillModel:
    weights: str
    runtime: str = "still"


class StillMethod:
    """Notes what it is given and finds, leaves a checkpoint and an adapter."""

    product = "adapter"

    def __init__(self, answer=None):
        self.answer = answer
        self.found = []
        self.jobs = []

    def train(self, job):
        self.jobs.append(job)
        self.found.append(sorted(path.name for path in job.checkpoints.glob("checkpoint-*")))
        (job.checkpoints / "checkpoint-4").mkdir(exist_ok=True)
        job.log(step(4, 1.0))
        (job.output / "adapter.bin").write_bytes(b"weights of seed %d" % job.seed)
        return self.answer or Trained("adapter", {"steps": 4})


@pytest.fixture
def run_folder(tmp_path):
    return RunFolder.create(tmp_path / "runs", "still", datetime.now(UTC))


@pytest.fixture
def train(tmp_path, labelled, run_folder):
    """Trains with a method and a seed, as the node of that key; gives the artifact."""
    splits = {name: tmp_path / f"{name}.parquet" for name in ("train", "validation")}
    write_rows(splits["train"], labelled(("one", "a"), ("two", "b")))
    write_rows(splits["validation"], labelled(("three", "a")))

    def trained(method, *, seed=1, rows=None, chosen=None, devices=1):
        if rows is not None:
            write_rows(splits["train"], rows)
        made = {"loader": StillLoader(), "still": method}
        loader, still = (Recipe(f"{name} (plugin toys of seatrial-toys)", object, {}) for name in made)
        find = {loader.who: made["loader"], still.who: method}
        model = ModelOnTrial(
            "path:still",
            loader,
            "toys",
            make=lambda recipe: find[recipe.who],
            find=lambda address: Resolved(address, tmp_path),
            cache=tmp_path / "cache",
        )
        stage = Train(
            still,
            model,
            seed,
            "this machine",
            "toys",
            lambda recipe: find[recipe.who],
            searched=chosen is not None,
            devices=devices,
        )
        folder = replace(run_folder, node=f"key-of-seed-{seed}")
        files = dict(splits)
        if chosen is not None:
            files[CHOSEN] = tmp_path / "chosen.json"
            files[CHOSEN].write_text(json.dumps({"options": chosen}))
        return stage.run(Artifact(files, {}), folder, lambda *_: None)

    return trained


def test_a_method_is_given_the_model_as_its_loader_gives_it_to_training(train):
    method = StillMethod()
    train(method, seed=5)
    (job,) = method.jobs
    assert job.target.address == "path:still"
    assert job.model == StillModel("digest")
    assert [row.label for row in job.train] == ["a", "b"]
    assert [row.label for row in job.validation] == ["a"]
    assert job.seed == 5


def test_what_it_leaves_is_a_product_with_its_digest(train, run_folder):
    made = train(StillMethod(), seed=5)
    folder = run_folder / "products/seed-5"
    assert made.files == {"product": folder, "training": run_folder / "training/seed-5.jsonl"}
    assert made.facts == {"method": "still", "product": "adapter", "product_sha256": digest_path(folder), "steps": 4}
    given = Artifact(made.files, {"train[seed=5]": made.facts})
    assert product_of(given) == Product("adapter", folder, digest_path(folder))
    assert (run_folder / "training/seed-5.jsonl").read_text() == json.dumps(step(4, 1.0)) + "\n"


def test_processes_beside_it_train_with_the_settings_that_a_search_chose(train, monkeypatch):
    method, given = StillMethod(), []

    def train_here(shared, _log):
        given.append((dict(shared.method.options), shared.devices))
        return Trained("adapter", {"steps": 4})

    monkeypatch.setattr(training, "train_here", train_here)
    train(method, chosen={"lr": 0.01}, devices=2)
    assert given == [({"lr": 0.01}, 2)]


def test_checkpoints_outlive_the_stage_until_the_run_removes_them(train, run_folder):
    method = StillMethod()
    train(method, seed=1)
    train(method, seed=1)  # killed before the node was marked as finished
    train(method, seed=2)  # another training
    assert method.found == [[], ["checkpoint-4"], []]
    run_folder.forget_unfinished(but={"key-of-seed-2"})
    train(method, seed=2)
    train(method, seed=1)
    assert method.found[3:] == [["checkpoint-4"], []]
    run_folder.forget_unfinished()
    train(method, seed=2)
    assert method.found[-1] == []


def test_each_seed_leaves_a_product_of_its_own(train, run_folder):
    for seed in (1, 2):
        train(StillMethod(), seed=seed)
    for seed in (1, 2):
        assert (run_folder / f"products/seed-{seed}/adapter.bin").read_bytes() == b"weights of seed %d" % seed


def test_a_training_that_fails_leaves_no_product(train, run_folder):
    class Fails(StillMethod):
        def train(self, job):
            super().train(job)
            raise ValueError("the loss is nan")

    with pytest.raises(StageError, match=r"train\[seed=1\]: still \(plugin toys\) raised ValueError: the loss is nan"):
        train(Fails())
    assert not (run_folder / "products/seed-1").exists()
    assert not list((run_folder / "products").iterdir())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("adapter", "gave a str where it must give a Trained"),
        (Trained("adapter", {"loss": float("nan")}), "told facts that JSON cannot hold"),
        (Trained("weights", {}), "left 'weights', and declares that it leaves 'adapter'"),
    ],
)
def test_a_method_that_answers_wrongly_is_named(train, answer, said):
    with pytest.raises(ContractError, match=rf"train\[seed=1\]: still \(plugin toys\) {said}"):
        train(StillMethod(answer))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"step": 1, "steps": 4, "loss": float("nan")},
            "logged nan for 'loss' at step 1; training that diverges must end",
        ),
        ({"step": 1, "steps": 4, "loss": float("inf")}, "logged inf for 'loss'"),
        ({"step": 1, "steps": 4, "loss": "low"}, "logged a step: its `values` say a str for 'loss', not a number"),
        ({"loss": 1.0}, "logged a step whose `step` is None, not a whole number"),
        ({"step": 1.5, "steps": 4, "loss": 1.0}, "logged a step whose `step` is a float"),
        (None, "as a logging step, gave None where it must give a Mapping"),
    ],
)
def test_a_method_that_logs_what_is_no_step_is_named(train, values, said):
    class Logs(StillMethod):
        def train(self, job):
            job.log(values)

    with pytest.raises(ContractError, match=rf"train\[seed=1\]: still \(plugin toys\),? {said}"):
        train(Logs())


def test_no_train_rows_are_an_error_that_points_to_the_ledger(train):
    with pytest.raises(StageError, match="left no train row; see the ledger"):
        train(StillMethod(), rows=[])
