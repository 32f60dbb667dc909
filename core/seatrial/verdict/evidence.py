"""What gates decide on, read back from a run: scores, samples and the metrics' descriptors. No model, no GPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from seatrial.errors import StoreError, UsageError
from seatrial.evaluation.samples import read_samples
from seatrial.evaluation.scores import Metric, Score
from seatrial.evaluation.summary import DATA
from seatrial.runs.plain_files import refuse_others
from seatrial.runs.store import RunFolder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LoadSamples", "SavedEvidence", "earlier_runs", "scorer_of"]

LoadSamples = Callable[[str, str], "pa.Table | None"]
"""(run, scorer) → the samples that another run saved, or None where it has none."""


def scorer_of(metric: str) -> str:
    """The scorer's name in a metric's full name: `choice` of `choice/accuracy`."""
    return metric.partition("/")[0]


def earlier_runs(beside: Path) -> LoadSamples:
    """Reads `samples/<scorer>.parquet` of run folders named absolutely or relative to `beside`.

    Raises (when called):
        UsageError: there is no such run folder, or its samples can't be read.
    """

    def load(run: str, scorer: str) -> pa.Table | None:
        import pyarrow as pa

        folder = beside / Path(run).expanduser()
        if not folder.is_dir():
            raise UsageError(
                f"earlier run {run}: {folder} is no folder; name a run folder, such as runs/<time>-<suite>"
            )
        path = folder / "samples" / f"{scorer}.parquet"
        if not os.path.lexists(path):
            return None
        try:
            refuse_others(folder)
            if (folder / "manifest.json").is_file() and RunFolder(folder).finished(f"score[{scorer}]") is None:
                raise UsageError(
                    f"earlier run {run}: {path} is not as it was written; `seatrial verify {run}` looks at every file"
                )
            return read_samples(path)
        except StoreError as error:
            raise UsageError(f"earlier run {run}: {error}") from error
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"earlier run {run}: {path} can't be read: {error}; run that suite again") from error

    return load


def _no_earlier_run(run: str, scorer: str) -> pa.Table | None:
    raise UsageError(f"earlier run {run}: its samples of {scorer} can't be looked up here")


@dataclass(frozen=True, slots=True, eq=False)
class SavedEvidence:
    """The evidence of one run. Implements `seatrial.verdict.Evidence`."""

    subject: str
    scores: Sequence[Score]
    metrics: Mapping[str, Metric]
    """Full name → descriptor, of everything that the suite produces."""
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    """Scorer → samples of every system."""
    load: LoadSamples = _no_earlier_run

    def copy(self) -> SavedEvidence:
        """The same for another gate: what one does to it, no other sees."""
        own = {name: deepcopy(getattr(self, name)) for name in ("scores", "metrics")}
        return replace(self, tables=MappingProxyType(dict(self.tables)), **own)

    def missing(self, metric: str) -> str | None:
        """Why there is no number of what is on trial; None where there is one."""
        found = self.score(metric, self.subject) or self.score(metric, DATA)
        if found is None:
            return f"{metric} was not scored"
        return None if found.value is not None else found.missing or "it has no value"

    def score(self, metric: str, system: str) -> Score | None:
        """The score, or None where it was not produced."""
        return next((score for score in self.scores if (score.metric, score.system) == (metric, system)), None)

    def metric(self, metric: str) -> Metric | None:
        """The metric's descriptor, or None where nothing in the suite produces it."""
        return self.metrics.get(metric)

    def samples(self, metric: str, system: str, run: str | None = None) -> pa.Table | None:
        """The system's samples behind a score, of this run or another's folder; None where there are none."""
        import pyarrow.compute as pc

        scorer = scorer_of(metric)
        table = self.tables.get(scorer) if run is None else self.load(run, scorer)
        if table is None:
            return None
        own = table.filter(pc.equal(table["system"], system))
        return own if own.num_rows else None

    def systems(self, metric: str) -> list[str]:
        """Every system with samples or a score of the metric, in the order in which they were scored."""
        table = self.tables.get(scorer_of(metric))
        scored = [score.system for score in self.scores if score.metric == metric]
        sampled = table["system"].unique().to_pylist() if table is not None else []
        return list(dict.fromkeys([*sampled, *scored]))
