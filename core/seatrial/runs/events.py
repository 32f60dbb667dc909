"""What a run says of itself while it goes: the arguments of the wrapping and watching hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

__all__ = ["Artifact", "Failure", "Plan", "Record", "Stage", "Step"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run, before it runs."""

    name: str
    """`read`, `clean`, `train[seed=7]`, `transcribe[test.choose, tuned]`, `score[choice]`, `gate`, `report`, …"""
    index: int
    """Its place in the plan, 0-based."""
    key: str
    """Digest of its options, the versions of its components, the seed and what it reads: equal keys, equal work."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a stage hands to the next ones."""

    files: Mapping[str, Path] = field(default_factory=dict)
    """Name → file or folder, below the run folder."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """Name → JSON value."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, before it starts."""

    suite: str
    folder: Path
    stages: tuple[str, ...]
    resumed: tuple[str, ...]
    """Stages whose results an earlier process left whole."""
    seed: int
    offline: bool
    resolved: Mapping[str, object] = field(default_factory=dict)
    """The resolved suite, as in suite.yaml."""
    changed: Mapping[str, str] = field(default_factory=dict)
    """Libraries that have another version than when the run was last worked on → `2.9.1, now 2.10.0`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step inside a stage: progress, and for training the loss."""

    stage: str
    done: int
    total: int
    values: Mapping[str, float] = field(default_factory=dict)
    """`loss`, `validation_loss`, `learning_rate`, … at a logging step; empty for mere progress."""


@dataclass(frozen=True, slots=True)
class Record:
    """One stage of a run, after it ran; the same is kept as the stage's marker in the run folder."""

    stage: str
    key: str
    started: datetime
    seconds: float
    resumed: bool
    """True where the result of an earlier process, or of an earlier run, was used."""
    peak_bytes: int
    """The process's peak resident memory at the end of the stage."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Path below the run folder → SHA-256."""
    facts: Mapping[str, object] = field(default_factory=dict)
    taken_from: str = ""
    """The run folder's name whose result was taken; "" where it is this run's own."""

    @property
    def base(self) -> str:
        """The stage without its instance: `train` of `train[seed=7]`."""
        return self.stage.partition("[")[0]

    @property
    def instance(self) -> str:
        """What stands in the brackets: `choice` of `score[choice]`; "" where nothing does."""
        return self.stage.partition("[")[2].removesuffix("]")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the stage warns of: its fact of that name."""
        return self._sentences("warnings")

    @property
    def notes(self) -> tuple[str, ...]:
        """What else the stage has to say: its fact of that name."""
        return self._sentences("notes")

    def _sentences(self, fact: str) -> tuple[str, ...]:
        found = self.facts.get(fact)
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()

    @property
    def unanswered(self) -> int:
        """How many requests a later start sends again, for who was asked may answer then: its fact of that name."""
        found = self.facts.get("unanswered")
        return found if isinstance(found, int) else 0


@dataclass(frozen=True, slots=True)
class Failure:
    """What a run ended with instead of a verdict."""

    stage: str
    """The node that it was at; "" where none had begun."""
    message: str
    folder: Path
