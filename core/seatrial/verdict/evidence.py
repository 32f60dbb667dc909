"""What gates decide on, read back from a run: scores, samples and the metrics' descriptors. No model, no GPU."""

from __future__ import annotations

import json
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
from seatrial.runs.digests import DECIDED, DIGESTS, refuse_altered
from seatrial.runs.plain_files import read_text
from seatrial.runs.run_folder import RunFolder
from seatrial.stored import undamaged
from seatrial.suite.yaml_lines import read_yaml
from seatrial.terminal.legible import one_line

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LoadSamples", "SavedEvidence", "ScoredAs", "earlier_runs", "scorer_of"]

LoadSamples = Callable[[str, str], "pa.Table | None"]
"""(run, metric's full name) → the samples of its scorer that another run saved, or None where it has none."""


@dataclass(frozen=True, slots=True)
class ScoredAs:
    """How a run's suite scores by one scorer: an earlier run's samples are held against it."""

    entry: Mapping[str, object]
    """The suite's, resolved."""
    selects: tuple[str, ...]
    """As in `ScorerComponent`."""
    metrics: Callable[[Mapping[str, object]], Sequence[str]]
    """The full names of what it measures with some of its options replaced."""


def scorer_of(metric: str) -> str:
    """The scorer's name in a metric's full name: `choice` of `choice/accuracy`."""
    return metric.partition("/")[0]


def earlier_runs(
    beside: Path, *, own: Path | None = None, scorers: Mapping[str, ScoredAs] | None = None
) -> LoadSamples:
    """Reads `samples/<scorer>.parquet` of run folders named absolutely or relative to `beside`.

    Args:
        beside: where relative names start.
        own: the folder of the run that is judged, which is no earlier one.
        scorers: scorer → how the suite scores by it; an earlier run that scored otherwise measured something else.

    Raises (when called):
        UsageError: there is no such run folder, it is not finished or not as it was written, its scorer had other
            options, or its samples can't be read.
    """
    looked_at: set[Path] = set()

    def refuse(folder: Path) -> None:
        """Refuse a run that is not finished or not as it was written."""
        if folder in looked_at:
            return
        earlier = RunFolder.open(folder)
        refuse_altered(earlier, but=DECIDED)
        if not (folder / DIGESTS).is_file():
            raise StoreError(
                f"{folder} is not finished, so its files have no digests yet; finish it, or name another run"
            )
        looked_at.add(folder)

    def load(run: str, metric: str) -> pa.Table | None:
        import pyarrow as pa

        scorer = scorer_of(metric)
        folder = beside / Path(run).expanduser()
        if not folder.is_dir():
            raise UsageError(
                f"earlier run {run}: {folder} is no folder; name a run folder, such as runs/<time>-<suite>"
            )
        if own is not None and (folder.resolve() == own.resolve() or _started(folder) == _started(own)):
            raise UsageError(
                f"earlier run {run}: that is the run itself, which is as good as itself; name an earlier one"
            )
        try:
            refuse(folder)
        except (StoreError, UsageError) as error:
            raise UsageError(f"earlier run {run}: {error}") from error
        path = folder / "samples" / f"{scorer}.parquet"
        if not os.path.lexists(path):
            return None
        try:
            scored = RunFolder(folder).finished(f"score[{scorer}]")
            if scored is None:
                raise UsageError(
                    f"earlier run {run}: {path} is not as it was written; `seatrial verify {run}` looks at every file"
                )
            if scorers is not None and scorer in scorers:
                _refuse_other_scorer(run, folder, metric, scorers[scorer])
            ours = RunFolder(own).finished(f"score[{scorer}]") if own is not None else None
            if ours is not None and ours[1].facts.get("measure") != scored[1].facts.get("measure"):
                raise UsageError(
                    f"earlier run {run}: its {scorer} was scored by other code, or another file that it reads, which may be "
                    f"another measure; `seatrial score {run} --suite FILE` scores it as this suite does, from what it kept"
                )
            return read_samples(path)
        except StoreError as error:
            raise UsageError(f"earlier run {run}: {error}") from error
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"earlier run {run}: {path} can't be read: {error}; run that suite again") from error

    return load


def _started(folder: Path) -> object:
    """When a run was started, to the microsecond: a copy of it, too."""
    path = folder / "manifest.json"
    with undamaged(path):
        return json.loads(read_text(path)).get("started") if path.is_file() else folder


def _refuse_other_scorer(run: str, folder: Path, metric: str, now: ScoredAs) -> None:
    """Refuse samples that were scored by another scorer, or with other options: the same name is not the same measure.

    Where the options differ in which metrics they list, those that both list are the same measures.
    """
    alias, path = scorer_of(metric), folder / "suite.yaml"
    with undamaged(path):
        listed = read_yaml(read_text(path)).data["score"]
        entries = [(name, options or {}) for entry in listed for name, options in entry.items()]
        then = [{name: options} for name, options in entries if options.get("as", name) == alias]
    ((name, wanted),) = _comparable(now.entry).items()
    for ((found, had),) in (_comparable(one).items() for one in then):
        if found != name:
            raise UsageError(f"earlier run {run}: its {alias} is of the scorer {found}, this run's of {name}")
        other = [key for key in wanted if key in had and had[key] != wanted[key]]
        both = {key: _common(wanted[key], had[key]) for key in other if key in now.selects}
        if other and (len(both) < len(other) or metric not in now.metrics(both)):
            said = "; ".join(one_line(f"{key}: {had[key]!r}, now {wanted[key]!r}", 200) for key in other)
            shared = f"; both measured {', '.join(now.metrics(both))}" if len(both) == len(other) else ""
            raise UsageError(
                f"earlier run {run}: its {alias} was scored with other options, which is another measure ({said}){shared}; "
                f"`seatrial score {run} --suite FILE` scores it as this suite does, from what it kept"
            )


def _common(ours: object, theirs: object) -> list[object]:
    """What two lists have in common, in the order of the first."""
    return [one for one in ours if one in theirs] if isinstance(ours, list) and isinstance(theirs, list) else []


def _comparable(entry: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """A scorer and its options, but for those that change no sample's score: which systems, under which name."""
    return {
        name: {key: value for key, value in options.items() if key not in {"as", "systems"}}
        for name, options in entry.items()
        if isinstance(options, Mapping)
    }


def _no_earlier_run(run: str, metric: str) -> pa.Table | None:
    raise UsageError(f"earlier run {run}: its samples of {metric} can't be looked up here")


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
        found = self._own(metric)
        if found is None:
            return f"{metric} was not scored"
        return None if found.value is not None else found.missing or "it has no value"

    def most(self, metric: str) -> int | None:
        """How many rows of what is on trial were scored; None where that is not known."""
        found = self._own(metric)
        samples = self.samples(metric, self.subject)
        return max(found.n if found else 0, len(samples["row"].unique()) if samples else 0) or None

    def _own(self, metric: str) -> Score | None:
        """The score of what is on trial, or of the data."""
        return self.score(metric, self.subject) or self.score(metric, DATA)

    def score(self, metric: str, system: str) -> Score | None:
        """The score, or None where it was not produced."""
        return next((score for score in self.scores if (score.metric, score.system) == (metric, system)), None)

    def metric(self, metric: str) -> Metric | None:
        """The metric's descriptor, or None where nothing in the suite produces it."""
        return self.metrics.get(metric)

    def samples(self, metric: str, system: str, run: str | None = None) -> pa.Table | None:
        """The system's samples behind a score, of this run or another's folder; None where there are none."""
        import pyarrow.compute as pc

        table = self.tables.get(scorer_of(metric)) if run is None else self.load(run, metric)
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
