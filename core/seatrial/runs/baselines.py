"""A suite's baselines, fitted once a run: in this process, or each in one beside it while the model keeps a GPU busy.

Fitting needs a core or two for half a minute, and a model on a GPU needs one core all along: side by side they cost the
longest of them. On a CPU the model needs all cores, and nothing would be gained. The processes beside use no GPU: others
there would take memory from the model and wait for it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seatrial.errors import ContractError, StageError
from seatrial.model import Baseline, TellsUnread
from seatrial.plugin.raised import let_pass
from seatrial.rows import Row
from seatrial.rows.table import open_rows
from seatrial.runs import contracts
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.engines.pickling import carriable_errors, packed
from seatrial.runs.engines.processes import Pool
from seatrial.runs.engines.workers import cores, on_gpu, one_beside
from seatrial.runs.recipe import MADE, Recipe
from seatrial.runs.stages import blame

__all__ = ["Baselines", "Classifier", "Fitting"]


@dataclass(frozen=True, slots=True)
class Fitting:
    """A baseline that is to be fitted, and who provides it."""

    name: str
    plugin: str
    recipe: Recipe
    rows: Path
    seed: int

    def fit(self, make: Callable[[Recipe], Baseline], stage: str) -> _Ask:
        """Build it and let it learn from the rows that have a label.

        Raises:
            StageError: it could not be built or fitted; the message names it and its plugin.
        """
        with blame(stage, f"baseline {self.name}", self.plugin):
            baseline = make(self.recipe)
            rows = [row for row in open_rows(self.rows) if row.label is not None]
            baseline.fit(rows, seed=self.seed)
        return partial(_answered, baseline, self.name, self.plugin, (_unread(baseline), len(rows)))


@dataclass(frozen=True, slots=True)
class _Answered:
    labels: list[str]
    unread: int
    """How many of the rows it could not read."""
    learnt: tuple[int, int]
    """How many of the rows that it learnt from it could not read, and of how many."""


_Ask = Callable[[Sequence[Row], str], _Answered]
"""The labels of some rows, for the node of that name."""


def _unread(baseline: Baseline) -> int:
    return baseline.unread if isinstance(baseline, TellsUnread) else 0


def _answered(
    baseline: Baseline, name: str, plugin: str, learnt: tuple[int, int], rows: Sequence[Row], stage: str
) -> _Answered:
    """What a baseline answers, one label a row; it is blamed for what it raises and for what is no answer."""
    who = f"{stage}: baseline {name} (plugin {plugin})"
    with blame(stage, f"baseline {name}", plugin):
        labels = list(contracts.each(baseline.classify(rows), str, who))
    if len(labels) != len(rows):
        raise ContractError(f"{who} gave {len(labels)} labels for {len(rows)} rows; it must give one a row, in order")
    labels = [str.__str__(label) for label in labels]  # of a class of the plugin's, it may not be carried
    return _Answered(labels, _unread(baseline), learnt)


@dataclass(slots=True)
class Classifier:
    """A fitted baseline as a system's model."""

    name: str
    stage: str
    """The node that asks."""
    ask: _Ask
    asked: int = 0
    unread: int = 0
    """Of the rows that it was asked."""
    learnt: tuple[int, int] = (0, 0)

    @property
    def facts(self) -> Mapping[str, object]:
        """What it is, and a warning of rows that it could not read."""
        if not self.unread and not self.learnt[0]:
            return {"baseline": self.name}
        unread, of = self.learnt
        said = (
            f"{self.name} could not read {self.unread} of the {self.asked} rows that it was asked, nor {unread} of the {of} that it "
            "learnt from: its answers to them are guesses, and to beat them shows little"
        )
        return {"baseline": self.name, "warnings": [said]}

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """What the baseline answers, one label a row."""
        found = self.ask(rows, self.stage)
        self.asked += len(rows)
        self.unread += found.unread
        self.learnt = found.learnt
        return found.labels


class Baselines:
    """The baselines of one run."""

    def __init__(self, make: Callable[[Recipe], Baseline], seed: int) -> None:
        self._make = make
        self._seed = seed
        self._wanted: dict[str, tuple[str, Recipe]] = {}
        self._held: dict[str, _Ask] = {}
        self._processes = ExitStack()

    def expect(self, name: str, plugin: str, recipe: Recipe) -> None:
        """Say that a baseline will be asked for."""
        self._wanted[name] = plugin, recipe

    def start(self, rows: Path, *, stage: str) -> None:
        """Begin to fit all that will be asked for, each in a process of its own, where the model keeps a GPU busy.

        One that cannot be built there is fitted in this process when it is asked for: one of the script that was started,
        or one that a suite tells to use a GPU.
        """
        if not self._wanted or self._held or not on_gpu():
            return
        threads = max(1, (cores() - 1) // len(self._wanted))
        for name, (plugin, recipe) in self._wanted.items():
            fitting = Fitting(name, plugin, recipe, rows, self._seed)
            job = packed(fitting)
            if job is not None:
                pool = self._processes.enter_context(one_beside(threads=threads))
                begun = pool.executor.submit(_fit, name, job, stage)
                self._held[name] = _Beside(fitting, pool, begun, self._make).classify

    def fitted(self, name: str, rows: Path, *, stage: str) -> Classifier:
        """A baseline, fitted on the labelled rows of a table.

        Raises:
            StageError: it could not be built or fitted; the message names it and its plugin.
        """
        plugin, recipe = self._wanted[name]
        if name not in self._held:
            self._held[name] = Fitting(name, plugin, recipe, rows, self._seed).fit(self._make, stage)
        return Classifier(name, stage, self._held[name])

    def close(self) -> None:
        """End the processes."""
        self._processes.close()
        self._held.clear()


class _Beside:
    """Stands in for a baseline in a process of its own, or for one that could not be built there."""

    def __init__(self, fitting: Fitting, pool: Pool, fitted: Future[bool], make: Callable[[Recipe], Baseline]) -> None:
        self._fitting = fitting
        self._pool = pool
        self._fitted = fitted
        self._make = make
        self._here: _Ask | None = None

    def classify(self, rows: Sequence[Row], stage: str) -> _Answered:
        """What the baseline answers."""
        name = self._fitting.name
        try:
            if self._fitted.result():
                return self._pool.executor.submit(_classify, name, list(rows), stage).result()
        except BrokenProcessPool as error:
            said = self._pool.death().said(f"the process in which baseline {name} was fitted")
            raise StageError(f"{said}; leave the baseline out: `baselines:` lists those that are taken") from error
        if self._here is None:
            self._here = self._fitting.fit(self._make, stage)
        return self._here(rows, stage)


# ---- in the process beside -------------------------------------------------------------------------------------------

_held: dict[str, _Ask] = {}
"""The baselines of this process, by name."""


def _fit(name: str, job: bytes, stage: str) -> bool:
    """Whether it could be built here; why it could not is found where it is built in earnest."""
    with carriable_errors():
        try:
            fitting: Fitting = pickle.loads(job)  # noqa: S301 - the process that started this one packed it
            with at_work(f"{stage}: baseline {name} (plugin {fitting.plugin})"):
                baseline = fitting.recipe.make(MADE)
        except BaseException as error:  # noqa: BLE001 - whatever it lacks: a module, a GPU
            let_pass(error)
            return False
        _held[name] = fitting.fit(lambda _: baseline, stage)
    return True


def _classify(name: str, rows: list[Row], stage: str) -> _Answered:
    with carriable_errors():
        return _held[name](rows, stage)
