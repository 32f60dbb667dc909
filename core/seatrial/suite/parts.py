"""A checked suite: every component found, every option valid, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from seatrial.data.findings import Action
from seatrial.evaluation.system import SystemKind
from seatrial.plugin.kinds import Kind
from seatrial.runs.store import atomic_file
from seatrial.suite.keys import DataFileKeys, Split
from seatrial.suite.search_parts import Search
from seatrial.suite.yaml_lines import dump_yaml
from seatrial.training import Parallel
from seatrial.verdict import Severity

__all__ = ["Chosen", "Data", "DataFile", "EngineChoice", "ModelChoice", "Suite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A component that a suite names, and how."""

    kind: Kind
    name: str
    alias: str
    """What results call it: the suite's `as`, else the name."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the builder gets: plain JSON values; an option that names a component is `{name: {options}}`."""
    line: int = field(default=0, compare=False)
    """Where it stands in the file; 0 where it is a default or came with `--set`."""
    action: Mapping[str, Action] = field(default_factory=dict)
    """Filters: what is done about the findings of each of its rules."""
    systems: tuple[SystemKind, ...] = ()
    """Scorers: what is scored."""
    samples: int | None = None
    """Scorers: at most that many rows, drawn with the suite's seed; None takes all."""
    on: str = "test"
    """Scorers: the evaluation set that is asked."""
    fewshot: int = 0
    """Scorers: how many train rows every system is shown before each row."""
    metric: str = ""
    """Gates: the full name of the metric that is held."""
    severity: Severity = "block"
    """Gates."""
    devices: int | None = None
    """Methods: how many processes share a training; None for as many as a launcher started, or one."""
    parallel: Parallel = "data"
    """Methods."""

    def resolved(self) -> dict[str, Any]:
        """The entry of a suite file that says just this."""
        options = dict(self.options)
        if self.kind == "methods":
            return {"method": self.name, "devices": self.devices, "parallel": self.parallel, **options}
        if self.kind == "gates":
            return {"metric": self.metric, "gate": self.name, "severity": self.severity, **options}
        beside: dict[str, Any] = {"as": self.alias} if self.kind in {"filters", "scorers"} else {}
        if self.kind == "filters":
            beside |= {"action": dict(self.action)} if self.action else {}
        elif self.kind == "scorers":
            beside |= {"systems": list(self.systems), "samples": self.samples, "on": self.on, "fewshot": self.fewshot}
        return {self.name: beside | options}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model under test."""

    source: str
    loader: Chosen
    """Its options hold `chat` and `system` too, where the loader takes them."""
    chat: bool = True
    system: str | None = None
    adapter: str | None = None
    """The address of an adapter that the suite brings instead of training one."""

    def resolved(self) -> dict[str, Any]:
        """The `model:` of a suite file that says just this."""
        taken = {name: self.loader.options[name] for name in ("chat", "system") if name in self.loader.options}
        own = {name: value for name, value in self.loader.options.items() if name not in taken}
        return {"source": self.source, **taken, "adapter": self.adapter, "loader": {self.loader.name: own}}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One source of rows."""

    keys: DataFileKeys
    """How it is read, as the suite says, but for its `reader`: that is the field below, whatever notation it had."""
    reader: Chosen | None = None

    def resolved(self) -> dict[str, Any]:
        """The mapping of a suite file that says just this."""
        return {**self.keys.model_dump(), "reader": self.reader.resolved() if self.reader else None}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Where filters work."""

    name: str = "local"
    """One of `seatrial.suite.engine_keys.ENGINES`."""
    options: Mapping[str, Any] = field(default_factory=dict)

    def resolved(self) -> dict[str, Any]:
        """The `engine:` of a suite file that says just this."""
        return {self.name: dict(self.options)}


@dataclass(frozen=True, slots=True)
class Data:
    """Where the rows come from, and how they come apart."""

    train: DataFile | None = None
    """None in a suite that trains nothing."""
    validation: DataFile | None = None
    test: DataFile | None = None
    """Given, or held out of `train` by `split.test`; never both."""
    tests: Mapping[str, DataFile] = field(default_factory=dict)
    """More evaluation sets, by name."""
    split: Split = field(default_factory=Split)
    engine: EngineChoice = field(default_factory=EngineChoice)

    @property
    def files(self) -> Mapping[str, DataFile]:
        """Every source of rows by the split that its rows are in, or are split from."""
        named = {"train": self.train, "validation": self.validation, "test": self.test, **self.tests}
        return {name: file for name, file in named.items() if file is not None}

    @property
    def sets(self) -> tuple[str, ...]:
        """What rows come apart into: train, validation and test, then the other evaluation sets."""
        return ("train", "validation", "test", *self.tests)

    def resolved(self) -> dict[str, Any]:
        """The `data:` of a suite file that says just this."""
        return {
            "train": self.train.resolved() if self.train else None,
            "validation": self.validation.resolved() if self.validation else None,
            "test": self.test.resolved() if self.test else None,
            "tests": {name: file.resolved() for name, file in self.tests.items()},
            "split": self.split.model_dump(),
            "engine": self.engine.resolved(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One trial of one fine-tuned model, checked and complete."""

    name: str
    description: str = ""
    seed: int = 0
    seeds: tuple[int, ...] = ()
    """Of training, which is repeated with each of them; empty where `seed` is the only one."""
    date: str | None = None
    """What prompts are told that ask for today's date; None for the day on which the run began."""
    model: ModelChoice | None
    """None only in a suite whose data stages alone are run."""
    data: Data
    filters: tuple[Chosen, ...] = ()
    train: Chosen | None = None
    search: Search | None = None
    """How the settings of training are searched; None where they are as `train` says."""
    score: tuple[Chosen, ...] = ()
    baselines: tuple[Chosen, ...] = ()
    """What is fitted where the rows have labels."""
    fewshot: int = 4
    """How many examples the few-shot base is shown; 0 for none."""
    gates: tuple[Chosen, ...] = ()
    report: tuple[Chosen, ...] = ()
    tracking: tuple[Chosen, ...] = ()
    """Who is told of the run; nothing in it hangs on them."""

    @property
    def tunes(self) -> bool:
        """Whether a tuned model is on trial: one that the suite trains, or an adapter that it brings."""
        return self.train is not None or (self.model is not None and self.model.adapter is not None)

    @property
    def subject(self) -> Literal["tuned", "base"]:
        """The system on trial."""
        return "tuned" if self.tunes else "base"

    @property
    def training_seeds(self) -> tuple[int, ...]:
        """The seeds that training is repeated with."""
        return self.seeds or (self.seed,)

    def resolved(self) -> dict[str, Any]:
        """The suite as plain JSON values, every default filled in; a file with them loads as an equal suite."""
        return {
            "name": self.name,
            "description": self.description,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "date": self.date,
            "model": self.model.resolved() if self.model else None,
            "data": self.data.resolved(),
            "filters": [chosen.resolved() for chosen in self.filters],
            "train": self.train.resolved() if self.train else None,
            "search": self.search.resolved() if self.search else None,
            "score": [chosen.resolved() for chosen in self.score],
            "baselines": [chosen.resolved() for chosen in self.baselines],
            "fewshot": self.fewshot,
            "gates": [chosen.resolved() for chosen in self.gates],
            "report": [chosen.resolved() for chosen in self.report],
            "tracking": [chosen.resolved() for chosen in self.tracking],
        }

    def text(self) -> str:
        """The resolved suite as YAML."""
        return dump_yaml(self.resolved())

    def write(self, path: Path) -> None:
        """Write the resolved suite as YAML, atomically."""
        with atomic_file(path) as part:
            part.write_text(self.text(), encoding="utf-8")
