"""A finished run as reports see it, and what a report is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from seatrial.blocks import Block
from seatrial.evaluation.scores import Metric, Score
from seatrial.runs.events import Record
from seatrial.verdict import Verdict
from seatrial.verdict.comparison import PairedComparison

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Change", "Described", "Report", "Result", "ScoreChange", "Since"]


@dataclass(frozen=True, slots=True)
class Described:
    """A component as it describes itself, so that no report has to know it by name."""

    kind: str
    """`filters`, `scorers`, …"""
    alias: str
    """What results call it."""
    name: str
    """What suites call it."""
    plugin: str
    """The distribution that provides it, …"""
    version: str = ""
    """… and that distribution's version."""
    summary: str = ""
    dimension: str = ""
    """What its metrics speak of."""
    looks_for: str = ""
    """What it looks for, in a reviewer's words."""
    weak: bool = False
    """Whether it rests on a weak detector: what it does not find is not shown to be absent."""
    unseen: str = ""
    """What it does not look for although one might expect it."""
    missing: str = ""
    """Why it could not look for all that it would have."""
    not_known: str = ""
    """What its result may hang on and no digest holds."""
    own_rows: bool = False
    """Of a scorer: whether it asks other rows than an evaluation set's, such as those that it brings, or none at all."""
    used: bool = True
    """Whether the suite names it. What is installed and not used was not looked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not what it was in an earlier run."""

    what: str
    """Such as a key of the suite, a file, a package."""
    before: str
    """"" where there was nothing."""
    now: str
    """"" where there is nothing."""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """One score that is not what it was in an earlier run."""

    metric: str
    system: str
    before: Score | None
    """None where the earlier run has no such score."""
    now: Score | None
    paired: PairedComparison | None = None
    """How much better this run's system is on the same rows; None where that can't be told."""
    unpaired: str = ""
    """Why not; "" where the kind of metric has no paired test, or only one run has the score."""


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since an earlier run."""

    run: str
    """Its folder's name."""
    started: str = ""
    groups: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    """Suite, data files, rows, weights, versions, machine, verdict: those in which something differs."""
    scores: Sequence[ScoreChange] = ()
    same: int = 0
    """How many scores both runs have, equal in value, n and interval."""
    missing: str = ""
    """Why nothing can be told; "" where it can."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that reports show, loaded from the run folder: no model, no GPU, no plugin state."""

    folder: Path
    suite: Mapping[str, object]
    """The resolved suite, as in suite.yaml."""
    manifest: Mapping[str, object]
    """Versions, hashes, seeds, device, hardware, git state, sources: as in manifest.json."""
    records: Sequence[Record]
    """The stages that ran, in order; `record.facts` holds what each found."""
    scores: Sequence[Score]
    verdict: Verdict | None
    """None for a run of the data stages alone whose suite has no gate on data: it decides nothing."""
    ledger: pa.Table
    """Every finding: columns of `seatrial.data.ledger.ledger_schema()`."""
    training: Sequence[Mapping[str, float]] = ()
    """The logging steps of training.jsonl."""
    samples: Mapping[str, pa.Table] = field(default_factory=dict)
    """Scorer → its samples of every system: columns of `seatrial.evaluation.samples.sample_schema()`."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Full name → how the score of that name was computed from those samples."""
    components: Sequence[Described] = ()
    """The components of the suite, and those installed that it might have named; empty where the run does not say."""
    blocks: Mapping[str, Sequence[Block]] = field(default_factory=dict)
    """Scorer → what it has to show besides its scores."""
    added: Mapping[str, Sequence[Block]] = field(default_factory=dict)
    """Plugin → what it adds to the reports."""
    since: Since | None = None
    """What changed since an earlier run, where one is named."""

    @property
    def only_data(self) -> bool:
        """Whether the data stages alone were run: a verdict is then one on data."""
        return self.verdict is None or self.manifest.get("kind") == "data"

    @property
    def exit_code(self) -> int:
        """What the command that ran it returns: the verdict's; 0 where the data stages alone ran and no gate blocks."""
        if self.verdict is None or (self.only_data and not self.verdict.decides):
            return 0
        return self.verdict.exit_code

    def handed_out(self) -> Result:
        """A copy for plugins: what they do to it changes neither the verdict nor what others are shown."""
        own = {name: deepcopy(getattr(self, name)) for name in ("suite", "manifest", "records", "scores", "verdict")}
        return replace(self, **own)

    def facts(self, stage: str) -> Mapping[str, object]:
        """The facts of one stage (of its first node, where there are several), empty where it did not run."""
        return next((record.facts for record in self.records if record.base == stage), {})


class Report(Protocol):
    """Writes one kind of report from a finished run."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """Write into `folder` (it exists) and name the files, the one to open first."""
        ...
