"""A suite's baselines, fitted: in this process, or each in one beside it while the model under test keeps a GPU busy.

Fitting needs a core or two for half a minute, and a model on a GPU needs one core all along: side by side they cost the
longest of them. On a CPU the model needs all cores, and nothing would be gained. The processes beside use no GPU: others
there would take memory from the model and wait for it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from seatrial.errors import PluginError, StageError
from seatrial.model import Baseline
from seatrial.rows import Row, Rows
from seatrial.rows.table import open_rows
from seatrial.runs import answers
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.engines.carried import carriable_errors, packed
from seatrial.runs.engines.processes import Pool
from seatrial.runs.engines.workers import cores, one_beside
from seatrial.runs.recipe import MADE, Recipe
from seatrial.runs.stages import blame

__all__ = ["NamedBaseline", "fitted"]


@dataclass(frozen=True, slots=True)
class NamedBaseline:
    """A baseline, how it is built, and who provides it."""

    name: str
    plugin: str
    recipe: Recipe

    def fit(self, rows: Rows, make: Callable[[Recipe], Baseline], *, seed: int, stage: str) -> Baseline:
        """Build it and let it learn from the rows that have a label.

        Raises:
            StageError: it could not be built or fitted; the message names it and its plugin.
        """
        with blame(stage, f"baseline {self.name}", self.plugin):
            baseline = make(self.recipe)
            baseline.fit([row for row in rows if row.label is not None], seed=seed)
        return _Answering(baseline, self.name, self.plugin, stage)


@dataclass(frozen=True, slots=True)
class _Answering:
    """A fitted baseline, blamed for what it raises and for what is no answer, and not the scorer that asks it."""

    baseline: Baseline
    name: str
    plugin: str
    stage: str

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """It is fitted already."""

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """What the baseline answers, one label a row."""
        who = f"{self.stage}: baseline {self.name} (plugin {self.plugin})"
        with blame(self.stage, f"baseline {self.name}", self.plugin):
            labels = list(answers.each(self.baseline.classify(rows), str, who))
        if len(labels) != len(rows):
            raise PluginError(f"{who} gave {len(labels)} labels for {len(rows)} rows; it must give one a row, in order")
        return labels


@contextmanager
def fitted(
    baselines: Sequence[NamedBaseline],
    rows: Path,
    make: Callable[[Recipe], Baseline],
    *,
    seed: int,
    stage: str,
    beside: bool,
) -> Iterator[Mapping[str, Baseline]]:
    """Name → the baseline, fitted on the labelled rows of a table.

    With `beside` each is fitted in a process of its own, without a GPU, which ends with the block: what is given are
    stand-ins that wait for their baseline when they are first asked. One that cannot be built there is fitted here all the same: one
    of the script that was started, or one that a suite tells to use a GPU.
    """
    carried = [job for named in baselines if beside and (job := packed(named)) is not None]
    if not baselines or len(carried) < len(baselines):
        yield {named.name: named.fit(open_rows(rows), make, seed=seed, stage=stage) for named in baselines}
        return
    threads = max(1, (cores() - 1) // len(baselines))
    with ExitStack() as processes:

        def stand_in(named: NamedBaseline, job: bytes) -> _Beside:
            pool = processes.enter_context(one_beside(threads=threads))
            begun = pool.executor.submit(_fit, named.name, job, rows, seed, stage)
            return _Beside(named.name, pool, begun, lambda: named.fit(open_rows(rows), make, seed=seed, stage=stage))

        yield {named.name: stand_in(named, job) for named, job in zip(baselines, carried, strict=True)}


class _Beside:
    """Stands in for a baseline in a process of its own, or for one that could not be built there."""

    def __init__(self, name: str, pool: Pool, fitted: Future[bool], fit_here: Callable[[], Baseline]) -> None:
        self._name = name
        self._pool = pool
        self._fitted = fitted
        self._fit_here = fit_here
        self._here: Baseline | None = None

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """It is being fitted already."""

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """What the baseline answers."""
        try:
            if self._fitted.result():
                return self._pool.executor.submit(_classify, self._name, list(rows)).result()
        except BrokenProcessPool as error:
            said = self._pool.death().said(f"the process in which baseline {self._name} was fitted")
            raise StageError(f"{said}; leave the baseline out: `baselines:` lists those that are taken") from error
        if self._here is None:
            self._here = self._fit_here()
        return self._here.classify(rows)


# ---- in the process beside -------------------------------------------------------------------------------------------

_held: dict[str, Baseline] = {}
"""The baselines of this process, by name."""


def _fit(name: str, job: bytes, rows: Path, seed: int, stage: str) -> bool:
    """Whether it could be built here; why it could not is found where it is built in earnest."""
    with carriable_errors():
        try:
            named: NamedBaseline = pickle.loads(job)  # noqa: S301 - the process that started this one packed it
            with at_work(f"{stage}: baseline {name} (plugin {named.plugin})"):
                baseline = named.recipe.make(MADE)
        except (Exception, SystemExit):  # noqa: BLE001 - whatever it lacks: a module, a GPU
            return False
        _held[name] = named.fit(open_rows(rows), lambda _: baseline, seed=seed, stage=stage)
    return True


def _classify(name: str, rows: list[Row]) -> list[str]:
    with carriable_errors():
        return [
            str.__str__(label) for label in _held[name].classify(rows)
        ]  # of a class of the plugin's, it may not be carried
