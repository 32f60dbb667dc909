"""seatrial: clean the data, train the adapter, attack it, time it, gate it: one verdict on a fine-tuned model.

A plugin imports the names that stand here, and from these modules; everything else is the host's own, and may change
with any release. The built-in plugins are held to the same (`[tool.importlinter]`).

    seatrial.*           the modules beside this file, such as `errors`, `model` and `store`; not `cli` and `host`
    seatrial.rows        turns and their parts, expected answers; calls and parts: what stands in them
    seatrial.stats       estimates with one-sided bounds
    seatrial.data        cosines, coverage, fingerprint, neighbours, normalise, searching, storable, table: rows as the
                         host compares them
    seatrial.verdict     comparison, summary: scores from samples, as gates and reports have them
    seatrial.terminal     figures, legible, measures: numbers, and text out of data, in sentences

A run from Python: `seatrial.suite.file.load_suite`, `seatrial.runs.run.run`.
"""

from seatrial.data.benchmark import Benchmark
from seatrial.data.filters import Comparison, Grouping, Measured
from seatrial.data.findings import Finding, Rule, Span
from seatrial.errors import SeatrialError, SourceError, StageError, TrainingError, UsageError
from seatrial.evaluation.scores import Metric, Sample, Score
from seatrial.evaluation.scoring import System, Task
from seatrial.model import Continuation, CountsTokens, Generates, Generation, ModelFiles, Scores, Times, Timing
from seatrial.plugin.component import Absent, Component, Use
from seatrial.plugin.hooks import Hooks, hookimpl
from seatrial.rows import RawRecord, Row, Rows, Turn
from seatrial.runs.events import Artifact, Plan, Record, Stage, Step
from seatrial.runs.result import Result, Section
from seatrial.sources import Resolved
from seatrial.training import Trained, TrainingJob
from seatrial.verdict import Decision, Evidence, Verdict

__version__ = "0.1.0"

__all__ = [
    "Absent",
    "Artifact",
    "Benchmark",
    "Comparison",
    "Component",
    "Continuation",
    "CountsTokens",
    "Decision",
    "Evidence",
    "Finding",
    "Generates",
    "Generation",
    "Grouping",
    "Hooks",
    "Measured",
    "Metric",
    "ModelFiles",
    "Plan",
    "RawRecord",
    "Record",
    "Resolved",
    "Result",
    "Row",
    "Rows",
    "Rule",
    "Sample",
    "Score",
    "Scores",
    "SeatrialError",
    "Section",
    "SourceError",
    "Span",
    "Stage",
    "StageError",
    "Step",
    "System",
    "Task",
    "Times",
    "Timing",
    "Trained",
    "TrainingError",
    "TrainingJob",
    "Turn",
    "UsageError",
    "Use",
    "Verdict",
    "__version__",
    "hookimpl",
]
