"""A suite's baselines, fitted: in this process, or in one beside it while the model under test keeps a GPU busy.

Fitting needs a core or two for half a minute, and a model on a GPU needs one core all along: side by side they cost the
longer of the two. On a CPU the model needs all cores, and nothing would be gained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seatrial.data.table import open_rows
from seatrial.engines.workers import one_beside, packed
from seatrial.errors import PluginError, StageError
from seatrial.model import Baseline
from seatrial.rows import Row, Rows
from seatrial.trial import answers
from seatrial.trial.recipe import MADE, Recipe
from seatrial.trial.stages import blame

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

    With `beside` they are fitted in another process, which ends with the block: what is given are stand-ins that wait
    for their baseline when they are first asked. One that cannot be carried into another process, such as one of the
    script that was started, is fitted here all the same.
    """
    if not beside or not baselines or packed(baselines) is None:
        yield {named.name: named.fit(open_rows(rows), make, seed=seed, stage=stage) for named in baselines}
        return
    with one_beside() as process:
        yield {
            named.name: _Beside(named.name, process, process.submit(_fit, named, rows, seed, stage))
            for named in baselines
        }


@dataclass(frozen=True, slots=True)
class _Beside:
    """Stands in for a baseline in the other process."""

    name: str
    process: ProcessPoolExecutor
    fitted: Future[None]

    def fit(self, rows: Sequence[Row], *, seed: int) -> None:
        """It is being fitted already."""

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """What the baseline answers."""
        try:
            self.fitted.result()
            return self.process.submit(_classify, self.name, list(rows)).result()
        except BrokenProcessPool as error:
            raise StageError(
                f"baseline {self.name}: the process in which it is fitted died (was it out of memory?); leave the "
                "baseline out: `baselines:` lists those that are taken"
            ) from error


# ---- in the process beside -------------------------------------------------------------------------------------------

_held: dict[str, Baseline] = {}
"""The baselines of this process, by name."""


def _fit(named: NamedBaseline, rows: Path, seed: int, stage: str) -> None:
    _held[named.name] = named.fit(open_rows(rows), lambda recipe: recipe.make(MADE), seed=seed, stage=stage)


def _classify(name: str, rows: list[Row]) -> list[str]:
    return _held[name].classify(rows)
