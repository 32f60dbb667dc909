"""Gates decide on scores; the verdict is what all gates say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from seatrial.evaluation.scores import Metric, Score

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["EXIT_CODES", "Decision", "Evidence", "Gate", "Outcome", "Severity", "Verdict", "VerdictState"]

Outcome = Literal["pass", "fail", "inconclusive", "error"]
Severity = Literal["block", "warn", "info"]
"""`block` decides the verdict; `warn` is shown as a warning, and decides only where it could not be answered at all; `info`
is only shown."""
VerdictState = Literal["pass", "fail", "inconclusive", "error"]

EXIT_CODES: Mapping[VerdictState, int] = MappingProxyType({"pass": 0, "fail": 1, "error": 3, "inconclusive": 4})
"""What the process returns; no blocking gate at all is `inconclusive`. Usage errors are 2."""


class Evidence(Protocol):
    """What a gate may look at: saved scores and samples, never a model."""

    @property
    def subject(self) -> str:
        """The system on trial: `tuned`, or `base` in a suite that trains nothing."""
        ...

    def score(self, metric: str, system: str) -> Score | None:
        """The score, or None where it was not produced."""
        ...

    def metric(self, metric: str) -> Metric | None:
        """The metric's descriptor, or None where nothing in the suite produces it."""
        ...

    def samples(self, metric: str, system: str, run: str | None = None) -> pa.Table | None:
        """The samples behind a score (columns of `seatrial.evaluation.samples.sample_schema`), of this run or another's folder."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What one gate decided, and on what."""

    metric: str
    outcome: Outcome
    severity: Severity
    condition: str
    """The gate in words: `choice/accuracy ≥ 0.75`, `choice/accuracy: tuned - base ≥ -0.02`."""
    reason: str
    """One sentence: the bounds that decided, or what is missing; for `inconclusive`, the n that would decide."""
    value: float | None = None
    lower: float | None = None
    """One-sided 95% lower bound."""
    upper: float | None = None
    """One-sided 95% upper bound."""
    n: int = 0
    """How many rows (or pairs of answers to one row) it rests on."""
    method: str = ""
    """How the bounds were computed: `Clopper-Pearson`, `Tango score (paired)`, …"""
    needed_n: int | None = None
    """How many rows would decide, if all else stayed as observed."""
    clusters: int | None = None
    """How many clusters the n rows form; None where none repeats another."""
    seeds: int | None = None
    """How many training seeds the value is the mean over; None for a system that has none."""
    family: str = ""
    """The gates that it is one of: failures of these are held to Holm's step-down; "" for none."""
    p: float | None = None
    """Of one that failed in a family: the smallest level at which its bound still fails it."""

    @property
    def decides(self) -> bool:
        """Whether the verdict hangs on it. `warn` softens an answer, not the want of one."""
        return self.severity == "block" or (self.severity == "warn" and self.outcome == "error")


class Gate(Protocol):
    """Holds one metric against one condition."""

    @property
    def metric(self) -> str:
        """The full name of the metric that it reads."""
        ...

    def decide(self, evidence: Evidence) -> Decision:
        """Pass, fail, inconclusive or error. A missing, NaN or empty score is an `error`, never a pass."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one computation that exit code and reports come from."""

    state: VerdictState
    reason: str
    """One sentence for the terminal's last line."""
    decisions: tuple[Decision, ...]
    warnings: tuple[str, ...] = ()
    """What a reviewer must see beside the state: warn gates, a tuned model that doesn't beat the best baseline."""

    @property
    def decides(self) -> bool:
        """Whether there was a gate to decide."""
        return any(decision.decides for decision in self.decisions)

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 error, 4 inconclusive."""
        return EXIT_CODES[self.state]
