"""Train: an adapter from the train rows. A killed training goes on from its newest whole checkpoint."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.errors import StageError
from seatrial.model import ModelFiles
from seatrial.rows.table import open_rows
from seatrial.runs import answers
from seatrial.runs.events import Artifact
from seatrial.runs.stages import Progress, blame
from seatrial.runs.store import RunFolder, atomic_file, atomic_folder, digest_json, digest_path
from seatrial.training import Trained, Trainer, TrainingJob

__all__ = ["Train", "remove_checkpoints"]

_CHECKPOINTS = "checkpoints"


def remove_checkpoints(folder: RunFolder) -> None:
    """Once no kill can make a run train again: not before the stage is marked as finished, which its own work cannot see."""
    shutil.rmtree(folder / _CHECKPOINTS, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Train:
    """Runs the suite's training method into `adapter/`."""

    method: str
    plugin: str
    version: str
    trainer: Trainer
    options: Mapping[str, Any]
    model: ModelFiles
    loader: Mapping[str, Any]
    seed: int

    name = "train"
    after = ("decontaminate",)

    def parts(self) -> object:
        """Method, options, weights and seed."""
        return {
            "method": self.method,
            "plugin": [self.plugin, self.version],
            "options": dict(self.options),
            "model": self.model.digest,
            "loader": dict(self.loader),
            "seed": self.seed,
        }

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Train to the end; the checkpoints stay (`remove_checkpoints`)."""
        train, validation = open_rows(given.files["train"]), open_rows(given.files["validation"])
        if not len(train):
            raise StageError("train: the filters and the split left no train row; see the ledger for who dropped them")
        read = {name: digest_path(given.files[name]) for name in ("train", "validation")}
        checkpoints = self._checkpoints(folder, digest_json([self.parts(), read]))
        log = _Log(checkpoints / "log.jsonl", progress)
        with atomic_folder(folder / "adapter") as output:
            job = TrainingJob(
                model=self.model,
                loader=self.loader,
                train=train,
                validation=validation,
                output=output,
                checkpoints=checkpoints,
                seed=self.seed,
                log=log,
            )
            with blame(self.name, self.method, self.plugin):
                given_back = self.trainer.train(job)
        who = f"{self.name}: {self.method} (plugin {self.plugin})"
        trained = answers.one(given_back, Trained, who)
        answers.facts(trained.facts, who)
        with atomic_file(folder / "training.jsonl") as part:
            part.write_text("".join(json.dumps(step) + "\n" for step in log.steps()), encoding="utf-8")
        files = {"adapter": folder / "adapter", "training": folder / "training.jsonl"}
        return Artifact(files, {"method": trained.method, **trained.facts})

    @staticmethod
    def _checkpoints(folder: RunFolder, key: str) -> Path:
        """The checkpoints of this very training; those of another one are removed."""
        root = folder / _CHECKPOINTS
        mine = root / key[:16]
        for other in root.glob("*"):
            if other != mine:
                shutil.rmtree(other)
        mine.mkdir(parents=True, exist_ok=True)
        return mine


class _Log:
    """Every logging step, kept on disk as it comes: a resumed training repeats the steps after its checkpoint."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._path = path
        self._progress = progress
        if path.exists() and not path.read_bytes().endswith(b"\n"):  # the last line of a killed process
            self._write("")

    def __call__(self, values: Mapping[str, float]) -> None:
        self._write(json.dumps(dict(values)))
        rest = {name: value for name, value in values.items() if name not in {"step", "steps"}}
        self._progress(int(values["step"]), int(values["steps"]), rest)

    def _write(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def steps(self) -> list[dict[str, float]]:
        """The steps in order; where one was logged twice, the later is the one that counts."""
        if not self._path.exists():
            return []
        logged: dict[tuple[int, str], dict[str, float]] = {}
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
            except ValueError:  # the last line of a killed process
                continue
            kind = "validation" if "validation_loss" in values else "train"
            logged[int(values["step"]), kind] = values
        return [logged[key] for key in sorted(logged)]
