"""A training that was killed goes on from its checkpoints, and its steps are all there once."""

import json
from datetime import UTC, datetime

from seatrial import Artifact, ModelFiles, Trained
from seatrial.rows.table import write_rows
from seatrial.runs.stages.train import Train, _Log, remove_checkpoints
from seatrial.runs.store import RunFolder


def step(number, loss, kind="loss"):
    return {"step": number, "steps": 4, kind: loss}


def test_the_later_of_two_equal_steps_counts_and_a_line_cut_short_costs_no_other(tmp_path):
    path = tmp_path / "log.jsonl"
    said = []
    log = _Log(path, lambda *progress: said.append(progress))
    for values in (step(1, 4.0), step(2, 3.0), step(2, 3.5, "validation_loss")):
        log(values)
    with path.open("a") as stream:
        stream.write(json.dumps(step(3, 2.0))[:15])
    resumed = _Log(path, lambda *progress: said.append(progress))
    for values in (step(2, 2.9), step(3, 2.1)):
        resumed(values)
    assert resumed.steps() == [step(1, 4.0), step(2, 2.9), step(2, 3.5, "validation_loss"), step(3, 2.1)]
    assert said[-1] == (3, 4, {"loss": 2.1})


class Trainer:
    """Notes what it finds, leaves a checkpoint and an adapter."""

    def __init__(self):
        self.found = []

    def train(self, job):
        self.found.append(sorted(path.name for path in job.checkpoints.glob("checkpoint-*")))
        (job.checkpoints / "checkpoint-4").mkdir(exist_ok=True)
        job.log(step(4, 1.0))
        (job.output / "adapter.bin").write_bytes(b"weights")
        return Trained(job.output, "still", {"steps": 4})


def test_checkpoints_outlive_the_stage_until_the_run_removes_them(tmp_path, labelled):
    folder = RunFolder.create(tmp_path, "still", datetime.now(UTC))
    splits = {name: folder / f"data/{name}.parquet" for name in ("train", "validation")}
    for path in splits.values():
        write_rows(path, labelled(("one", "a")))

    def train(seed):
        files = ModelFiles(tmp_path, "path:still", "digest", {})
        work = Train("still", "test", "1", trainer, {}, files, {}, seed)
        return work.run(Artifact(splits, {}), folder, lambda *_: None)

    trainer = Trainer()
    train(seed=1)
    train(seed=1)  # killed before the stage was marked as finished
    train(seed=2)  # another training
    assert trainer.found == [[], ["checkpoint-4"], []]
    remove_checkpoints(folder)
    train(seed=2)
    assert trainer.found[-1] == []
    assert (folder / "training.jsonl").read_text() == json.dumps(step(4, 1.0)) + "\n"
