"""Train: a product from the train rows. A killed training goes on from its newest whole checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seatrial.errors import ContractError, StageError
from seatrial.model import Product
from seatrial.rows.table import open_rows
from seatrial.runs import contracts
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.shared_training import Leader, SharedTraining, train_here
from seatrial.runs.stages import Progress, blame
from seatrial.runs.stages.finalists import CHOSEN, Finalists, chosen_options
from seatrial.runs.store import atomic_file, atomic_folder, digest_path
from seatrial.training import Parallel, Trained, TrainingJob

__all__ = ["Train", "product_of"]


def product_of(given: Artifact) -> Product:
    """What the training node among the inputs left."""
    facts = next(
        facts for name, facts in given.facts.items() if name.startswith("train[") and isinstance(facts, Mapping)
    )
    return Product(facts["product"], given.files["product"], facts["product_sha256"])


@dataclass(frozen=True, slots=True)
class Train:
    """Runs the suite's training method into `products/<node>/`."""

    method: Recipe
    model: ModelOnTrial
    seed: int
    hardware: str
    """Digest of processor and GPUs: rounding hangs on them."""
    plugin: str = field(metadata=RUNTIME)
    make: Any = field(metadata=RUNTIME)
    """Builds components, each once."""
    searched: bool = False
    """Whether settings that a search chose stand in the place of the method's own."""
    devices: int = field(default=1, metadata=RUNTIME)
    """How many processes share it; but for what they draw, what comes of it differs by rounding only."""
    apart: int = 1
    """How many of them draw numbers of their own while they train, which what comes of it hangs on; 1 where none are drawn."""
    parallel: Parallel = field(default="data", metadata=RUNTIME)
    leader: Leader | None = field(default=None, metadata=RUNTIME)
    """The way to a launcher's other processes; None where they are started here."""

    reusable = True

    @property
    def inputs(self) -> tuple[str, ...]:
        """The rows, and what was chosen for them."""
        return ("decontaminate", Finalists.name) if self.searched else ("decontaminate",)

    @property
    def reads(self) -> frozenset[str]:
        """Train and validation rows, and what was chosen."""
        return frozenset({"train", "validation", CHOSEN} if self.searched else {"train", "validation"})

    @property
    def name(self) -> str:
        """The seed in brackets."""
        return f"train[seed={self.seed}]"

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Train to the end; checkpoints stay until the node is marked as finished."""
        train, validation = open_rows(given.files["train"]), open_rows(given.files["validation"])
        if not len(train):
            raise StageError("train: the filters and the split left no train row; see the ledger for who dropped them")
        checkpoints = folder.unfinished()
        name = self.method.who.partition(" ")[0]
        who = f"{self.name}: {name} (plugin {self.plugin})"
        chosen = chosen_options(given) if self.searched else {}
        recipe = replace(self.method, options={**self.method.options, **chosen})
        method = self.make(recipe)
        log = _Log(checkpoints / "log.jsonl", progress, who)
        product, training = folder / f"products/seed-{self.seed}", folder / f"training/seed-{self.seed}.jsonl"
        with atomic_folder(product) as output:
            job = TrainingJob(
                target=self.model.target,
                model=self.model.trainable(),
                train=train,
                validation=validation,
                output=output,
                checkpoints=checkpoints,
                seed=self.seed,
                log=log,
                devices=self.devices,
                parallel=self.parallel,
                images=folder / "data/images",
            )
            with blame(self.name, name, self.plugin):
                given_back = method.train(job) if self.devices == 1 else self._shared(recipe, given, job)
        del job
        if log.refused is not None:  # the method went on as if nothing had been said
            raise log.refused
        trained = contracts.one(given_back, Trained, who)
        contracts.facts(trained.facts, who)
        if trained.kind != method.product:
            raise ContractError(f"{who} left {trained.kind!r:.40}, and declares that it leaves {method.product!r:.40}")
        with atomic_file(training) as part:
            part.write_text("".join(json.dumps(step) + "\n" for step in log.steps()), encoding="utf-8")
        facts = {"method": name, "product": trained.kind, "product_sha256": digest_path(product), **trained.facts}
        return Artifact({"product": product, "training": training}, facts)

    def _shared(self, method: Recipe, given: Artifact, job: TrainingJob) -> Trained:
        """Train in processes beside this one."""
        shared = SharedTraining(
            method,
            self.model.recipe,
            job.target,
            given.files["train"],
            given.files["validation"],
            job.output,
            job.checkpoints,
            self.seed,
            self.devices,
            self.parallel,
            job.images,
        )
        return self.leader.train(shared, job.log) if self.leader else train_here(shared, job.log)


class _Log:
    """Every logging step, kept on disk as it comes: a resumed training repeats the steps after its checkpoint."""

    def __init__(self, path: Path, progress: Progress, who: str) -> None:
        self._path = path
        self._progress = progress
        self._who = who
        self.refused: ContractError | None = None
        """Why a step was refused that the method logged."""
        if path.exists() and not path.read_bytes().endswith(b"\n"):  # the last line of a killed process
            self._write("")

    def __call__(self, values: Mapping[str, float]) -> None:
        try:
            logged = contracts.step(values, self._who)
        except ContractError as error:
            self.refused = self.refused or error
            raise
        self._write(json.dumps(logged))
        rest = {name: value for name, value in logged.items() if name not in {"step", "steps"}}
        self._progress(int(logged["step"]), int(logged["steps"]), rest)

    def _write(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def steps(self) -> list[dict[str, float]]:
        """The steps in order; where one was logged twice, the later is the one that counts."""
        if not self._path.exists():
            return []
        logged: dict[tuple[int, str], dict[str, float]] = {}
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                values = json.loads(line)
                step = int(values["step"])
            except (ValueError, TypeError, KeyError):  # the last line of a killed process, which may be a number
                continue
            logged[step, "validation" if "validation_loss" in values else "train"] = values
        return [logged[key] for key in sorted(logged)]
