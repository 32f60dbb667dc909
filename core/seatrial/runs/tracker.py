"""Trackers: services that keep a run beside others: its settings, steps of training, scores, verdict and report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from seatrial.evaluation.scores import Score
from seatrial.verdict import Decision

__all__ = ["TrackedRun", "TrackedStep", "Tracker", "TrackingOutcome"]


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run at its start; nothing in it is a secret."""

    name: str
    """The run folder's; folders of other machines, or below another `--runs`, may be called alike."""
    identity: str
    """Of this run and no other, with its name in it: a run that goes on has the same, and a tracker that can goes on with it."""
    suite: str
    folder: Path
    offline: bool
    """Whether the network is forbidden to everything."""
    config: Mapping[str, object]
    """The resolved suite, as in suite.yaml."""


@dataclass(frozen=True, slots=True)
class TrackedStep:
    """A logging step of training."""

    training: str
    """`train`; where a suite has several seeds, `train-seed7`."""
    step: int
    """A training that was killed goes on from a checkpoint, so steps may come twice."""
    values: Mapping[str, float]
    """`loss`, `learning_rate`, `grad_norm`, `tokens_per_second`, or `validation_loss`."""


@dataclass(frozen=True, slots=True)
class TrackingOutcome:
    """What a run came to; nothing in it is a secret."""

    state: str
    """`pass`, `fail`, `inconclusive` or `error`; `data` where the data stages alone were run; `failed` where a stage failed or
    the run was interrupted."""
    reason: str
    """In a sentence; of a run that failed, its error."""
    stage: str = ""
    """Of a run that failed: the node that it was at."""
    scores: Sequence[Score] = ()
    decisions: Sequence[Decision] = ()
    report: Path | None = None
    """The folder of the reports; None where none was written."""
    warnings: Sequence[str] = field(default=())

    @property
    def failed(self) -> bool:
        """Whether the run ended without an outcome of its own."""
        return self.state == "failed"

    def numbers(self) -> Iterator[tuple[str, float]]:
        """Each score by metric and system, with the ends of its interval and its n: `choice/accuracy/tuned`, `….low`, `….high`,
        `….n`. A score that is missing has no number here.
        """
        for score in self.scores:
            if score.value is None or not math.isfinite(score.value):
                continue
            name = f"{score.metric}/{score.system}"
            yield name, float(score.value)
            if score.interval is not None:
                yield f"{name}.low", float(score.interval.low)
                yield f"{name}.high", float(score.interval.high)
            yield f"{name}.n", float(score.n)


class Tracker(Protocol):
    """Keeps a run (a component of kind `trackers`).

    It works in a process of its own, in which nothing is shared with the run: it may be slow, raise, hang or end the
    process, and the run neither waits for it nor heeds it. Its calls come in order, from one thread. It has no terminal to
    ask anything on.
    """

    def start(self, run: TrackedRun) -> None:
        """The run starts, or goes on. Where this raises, nothing more is told."""
        ...

    def log(self, step: TrackedStep) -> None:
        """Training logged a step."""
        ...

    def finish(self, outcome: TrackingOutcome) -> None:
        """The run ended, with a verdict or with an error; the last call."""
        ...
