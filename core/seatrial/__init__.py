"""seatrial: clean the data, train the adapter, attack it, time it, gate it: one verdict on a fine-tuned model.

A plugin imports the names that stand here, and from these modules; everything else is the host's own, and may change
with any release. The built-in plugins are held to the same (`[tool.importlinter]`).

    seatrial.errors      what is raised, and the exit code of each
    seatrial.sources     addresses, resolved
    seatrial.source_code  the digest of the code that results hang on
    seatrial.blocks      what components show to reviewers: tables, bars, examples, pictures
    seatrial.model       what a model can do, and how one is loaded
    seatrial.training    a training method's job, what it gives back and what it costs
    seatrial.stats       estimates with one-sided bounds
    seatrial.data        benchmark, cosines, filters, findings, fingerprint, normalise, prose, searching: rows as they are
                         filtered and compared
    seatrial.evaluation  attempts, matching, observation, probe, samples, scorer, scores, summary, system, task, transcript: what is
                         asked, and judged
    seatrial.plugin      component, hooks: what a plugin declares
    seatrial.rows        calls, parts, storable, table: rows and what they are made of
    seatrial.runs        events, result, store, tracker: what a run tells hooks, reports and trackers
    seatrial.templates   Jinja within bounds
    seatrial.terminal    figures, legible, measures, names: numbers, and text out of data, in sentences
    seatrial.verdict     comparison: scores held against each other, as gates and reports have them

A run from Python: `seatrial.run("suite.yaml")`, which gives a `Trial`; docs/python.md.
"""

from typing import TYPE_CHECKING, Any

from seatrial.blocks import Bar, Bars, Block, Diff, DiffItem, Distribution, Example, Examples, Table, Text
from seatrial.data.benchmark import Benchmark
from seatrial.data.filters import Grouping, Measured, SplitFindings
from seatrial.data.findings import Finding, Rule, Span
from seatrial.errors import ContractError, SeatrialError, SourceError, StageError, TrainingError, UsageError
from seatrial.evaluation.probe import Probe
from seatrial.evaluation.scorer import Draws, Explains, Scored, Scorer
from seatrial.evaluation.scores import Metric, Sample, Score
from seatrial.evaluation.system import System
from seatrial.evaluation.task import Task
from seatrial.evaluation.transcript import Response, Transcript
from seatrial.model import (
    Classifies,
    Completes,
    Continuation,
    CountsTokens,
    Endpoint,
    Generates,
    Generation,
    LocalWeights,
    Product,
    PythonCallable,
    Scores,
    Times,
    Timing,
)
from seatrial.plugin.component import (
    Absent,
    Component,
    FilterComponent,
    GateComponent,
    LoaderComponent,
    MethodComponent,
    ProbeComponent,
    ReportComponent,
    ScorerComponent,
    Use,
)
from seatrial.plugin.hooks import Hooks, hookimpl
from seatrial.rows import RawRecord, Row, Rows, Turn
from seatrial.runs.events import Artifact, Failure, Plan, Record, Stage, Step
from seatrial.runs.result import Described, Result
from seatrial.runs.tracker import TrackedRun, TrackedStep, Tracker, TrackingOutcome
from seatrial.sources import Resolved
from seatrial.training import Trained, TrainingJob
from seatrial.verdict import Decision, Evidence, Verdict

if TYPE_CHECKING:
    from seatrial.trial import Trial, open_run, plan, run, search

__version__ = "0.1.0"

_LAZY = ("Trial", "open_run", "plan", "run", "search")
"""Names of `seatrial.trial`, which loads plugins: a plugin that imports seatrial does not wait for them."""

__all__ = [
    "Absent",
    "Artifact",
    "Bar",
    "Bars",
    "Benchmark",
    "Block",
    "Classifies",
    "Completes",
    "Component",
    "Continuation",
    "ContractError",
    "CountsTokens",
    "Decision",
    "Described",
    "Diff",
    "DiffItem",
    "Distribution",
    "Draws",
    "Endpoint",
    "Evidence",
    "Example",
    "Examples",
    "Explains",
    "Failure",
    "FilterComponent",
    "Finding",
    "GateComponent",
    "Generates",
    "Generation",
    "Grouping",
    "Hooks",
    "LoaderComponent",
    "LocalWeights",
    "Measured",
    "MethodComponent",
    "Metric",
    "Plan",
    "Probe",
    "ProbeComponent",
    "Product",
    "PythonCallable",
    "RawRecord",
    "Record",
    "ReportComponent",
    "Resolved",
    "Response",
    "Result",
    "Row",
    "Rows",
    "Rule",
    "Sample",
    "Score",
    "Scored",
    "Scorer",
    "ScorerComponent",
    "Scores",
    "SeatrialError",
    "SourceError",
    "Span",
    "SplitFindings",
    "Stage",
    "StageError",
    "Step",
    "System",
    "Table",
    "Task",
    "Text",
    "Times",
    "Timing",
    "TrackedRun",
    "TrackedStep",
    "Tracker",
    "TrackingOutcome",
    "Trained",
    "TrainingError",
    "TrainingJob",
    "Transcript",
    "Trial",
    "Turn",
    "UsageError",
    "Use",
    "Verdict",
    "__version__",
    "hookimpl",
    "open_run",
    "plan",
    "run",
    "search",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from seatrial import trial

    return getattr(trial, name)
