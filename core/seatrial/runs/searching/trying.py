"""Trying: settings trained for their validation loss, together where their method can, else one after the other."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seatrial.errors import ContractError, SeatrialError, TrainingError, UsageError
from seatrial.rows import Rows
from seatrial.runs import contracts
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe
from seatrial.runs.searching.study import STAGES
from seatrial.runs.stages import blame
from seatrial.runs.store import write_json
from seatrial.training import TellsCost, Trained, TrainingJob, TrialsJob, Tried, TriedTogether, TriesTogether

__all__ = ["Base", "Trying"]

_UNUSED = {"early_stopping": None, "overfit": None}
"""What trials and finalists do without: the pruner stands in its place, and they are judged by what the last step left."""


class Base:
    """The frozen base that trials are trained beside: loaded when it is first needed, kept from round to round."""

    def __init__(self, model: ModelOnTrial) -> None:
        self._model = model
        self._stack = ExitStack()
        self._opened: TriedTogether | None = None

    def beside(self, method: object) -> TriedTogether | None:
        """The base in memory; None where the method trains one setting at a time."""
        if self._opened is None and isinstance(method, TriesTogether):
            block = method.trials(self._model.target, self._model.trainable())
            self._opened = None if block is None else self._stack.enter_context(block)
        return self._opened

    def close(self) -> None:
        """Let go of it."""
        self._opened = None
        self._stack.close()


@dataclass(frozen=True, slots=True)
class Trying:
    """Trains settings of one method on the same rows."""

    who: str
    """The node, for errors."""
    method: Recipe
    """With the suite's own settings."""
    plugin: str
    model: ModelOnTrial
    base: Base
    make: Callable[[Recipe], Any]
    train: Rows
    validation: Rows
    seed: int
    folder: Path
    """Where trainings that are alone keep checkpoints."""
    report: Callable[[int, int, float], bool]
    """Called with (number of the trial, stage, validation loss); whether it goes on."""
    progress: Callable[[float], None]
    """Called with the share that is done of those that are tried."""
    memory: float | None = field(default=None)
    """GiB that a training may take."""
    images: Path | None = None
    """Where the rows' pictures are."""

    def made(self, options: Mapping[str, Any]) -> Any:
        """The method with other settings.

        Raises:
            UsageError: they do not go together.
        """
        known = self.method.options
        spare = {name: value for name, value in _UNUSED.items() if name in known and name not in options}
        return self.make(replace(self.method, options={**known, **spare, **options}))

    def groups(self, methods: Mapping[int, Any]) -> list[list[int]]:
        """The numbers of the trials that are trained at once; a trial that cannot be is alone."""
        base = self.base.beside(self.make(self.method)) if len(methods) > 1 else None
        joined = [number for number, method in methods.items() if base is not None and base.takes(method)]
        alone = [[number] for number in methods if number not in joined]
        return [joined, *alone] if joined else alone

    def together(self, methods: Mapping[int, Any]) -> dict[int, Tried]:
        """Train a group that `groups` gave: number → what came of it.

        Raises:
            StageError: the method failed in another way than by its numbers.
        """
        numbers = list(methods)
        with blame(self.who, self.method.who, self.plugin):
            if len(numbers) == 1:
                self.base.close()  # a training that is alone loads the weights itself
                return {numbers[0]: self._held(self._alone(numbers[0], methods[numbers[0]]))}
            base = self.base.beside(self.make(self.method))
            assert base is not None  # or there would be no group
            job = TrialsJob(
                self.train,
                self.validation,
                self.seed,
                STAGES,
                lambda place, stage, loss: self.report(numbers[place], stage, loss),
                self.progress,
            )
            found = base.run(list(methods.values()), job)
        if len(found) != len(numbers):
            raise ContractError(
                f"{self.method.who} was given {len(numbers)} settings to try, and tells of {len(found)}"
            )
        return dict(zip(numbers, map(self._held, found), strict=True))

    def too_large(self, method: Any) -> str:
        """Why a setting is not to be trained: it would take more memory than the suite allows; "" where it wouldn't.

        Raises:
            TrainingError: its rows cannot be trained on.
            UsageError: its options don't fit the model, or what it takes cannot be told.
        """
        if self.memory is None:
            return ""
        assert isinstance(method, TellsCost)  # or the search had been refused
        with TemporaryDirectory(prefix="seatrial-") as scratch, blame(self.who, self.method.who, self.plugin):
            peak = method.cost(self._job(Path(scratch), _unheard)).peak / (1 << 30)
        return f"it would take {peak:.1f} GiB, more than {self.memory:g}" if peak > self.memory else ""

    def _job(self, folder: Path, log: Callable[[Mapping[str, float]], None]) -> TrainingJob:
        output, checkpoints = folder / "output", folder / "checkpoints"
        for place in (output, checkpoints):
            place.mkdir(parents=True, exist_ok=True)
        return TrainingJob(
            target=self.model.target,
            model=self.model.trainable(),
            train=self.train,
            validation=self.validation,
            seed=self.seed,
            log=log,
            images=self.images,
            output=output,
            checkpoints=checkpoints,
        )

    def _alone(self, number: int, method: Any) -> Tried:
        """Train one setting as any training is; a killed one goes on from its checkpoint, and from what it told of its stages."""
        started = time.perf_counter()
        losses: list[float] = []
        kept = self.folder / f"trial-{number}.json"
        reached: list[float] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else []

        def heard(step: Mapping[str, float]) -> None:
            logged = contracts.step(step, f"{self.who}: {self.method.who}")
            at, steps = int(logged["step"]), int(logged["steps"])
            self.progress(at / max(steps, 1))
            if "validation_loss" not in logged:
                return
            losses.append(logged["validation_loss"])
            # Only what was measured just there is held against others.
            while len(reached) < len(STAGES) and at == math.ceil(STAGES[len(reached)] * steps) < steps:
                reached.append(losses[-1])
                write_json(kept, reached)
                if not self.report(number, len(reached) - 1, losses[-1]):
                    raise _GivenUpError

        if not all(self.report(number, stage, loss) for stage, loss in enumerate(reached)):
            return Tried(None, 0.0)
        with TemporaryDirectory(prefix="seatrial-") as scratch:
            job = self._job(Path(scratch), heard)
            job = replace(job, checkpoints=self.folder / f"trial-{number}", stages=STAGES)
            job.checkpoints.mkdir(parents=True, exist_ok=True)
            try:
                trained = method.train(job)
            except _GivenUpError:
                return Tried(None, time.perf_counter() - started)
            except (TrainingError, UsageError, ContractError) as error:
                return Tried(None, time.perf_counter() - started, reason=str(error))
        if not isinstance(trained, Trained):
            raise ContractError(f"{self.method.who} gave a {type(trained).__name__} where it must give a Trained")
        loss: Any = trained.facts.get("validation_loss", losses[-1] if losses else None)
        if loss is None:
            raise ContractError(
                f"{self.method.who} trained with {len(self.validation)} validation rows and told no validation loss, so its "
                "settings cannot be compared; a method logs `validation_loss`, or tells it among its facts"
            )
        peak = trained.facts.get("peak_bytes")
        return Tried(loss, time.perf_counter() - started, peak if isinstance(peak, int) else 0)

    def _held(self, tried: Tried) -> Tried:
        """What came of a setting; one that is no validation loss compares nothing, so such a trial failed."""
        loss: object = tried.loss
        if loss is None or (isinstance(loss, int | float) and not isinstance(loss, bool) and 0 <= loss < math.inf):
            return tried if loss is None else replace(tried, loss=float(loss))
        said = (
            f"{self.method.who} told a validation loss of {loss!r:.40}, which is the mean of -ln p: a number from 0 on"
        )
        return replace(tried, loss=None, reason=said)


class _GivenUpError(SeatrialError):
    """Ends a training that the pruner gives up."""


def _unheard(values: Mapping[str, float]) -> None:
    """A plan's steps are nobody's."""
    del values


def outcome(tried: Tried) -> Sequence[Any]:
    """State and reason of what came of a setting."""
    if tried.loss is not None:
        return "complete", ""
    return ("failed", tried.reason) if tried.reason else ("given up", "")
