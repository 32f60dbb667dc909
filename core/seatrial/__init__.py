"""seatrial: clean the data, train the adapter, attack it, time it, gate it: one verdict on a fine-tuned model.

A plugin imports the names that stand here, and from these modules; everything else is the host's own, and may change
with any release. The built-in plugins are held to the same (`[tool.importlinter]`).

    seatrial.*           the modules beside this file, such as `errors`, `model` and `store`; not `cli` and `host`
    seatrial.stats       estimates with one-sided bounds
    seatrial.data        cosines, coverage, fingerprint, neighbours, normalise, searching, storable, table: rows as the
                         host compares them
    seatrial.judging     comparison, summary: scores from samples, as gates and reports have them
    seatrial.display     figures, legible, measures: numbers, and text out of data, in sentences

A run from Python: `seatrial.suite.file.load_suite`, `seatrial.trial.run.run`.
"""

from seatrial.benchmark import Benchmark
from seatrial.component import Absent, Component, Use
from seatrial.errors import SeatrialError, SourceError, StageError, TrainingError, UsageError
from seatrial.events import Artifact, Plan, Record, Stage, Step
from seatrial.filters import Comparison, Grouping, Measured
from seatrial.findings import Finding, Rule, Span
from seatrial.hooks import Hooks, hookimpl
from seatrial.model import Continuation, CountsTokens, Generates, Generation, ModelFiles, Scores, Times, Timing
from seatrial.reporting import Result, Section
from seatrial.rows import RawRecord, Row, Rows, Turn
from seatrial.scores import Metric, Sample, Score
from seatrial.scoring import System, Task
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
