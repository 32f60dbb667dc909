"""Gate: every score and the verdict, from what the stages before left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seatrial.evaluation.scores import Score
from seatrial.runs.events import Artifact
from seatrial.runs.stages import Progress
from seatrial.runs.store import RunFolder
from seatrial.verdict import Verdict

__all__ = ["Gate"]


@dataclass(frozen=True, slots=True)
class Gate:
    """Computes `scores.json` and `verdict.json`, as `seatrial gate` does later."""

    judge: Callable[[RunFolder], tuple[Sequence[Score], Verdict]]
    """Scores and verdict of the run in a folder; both are written there."""
    gates: Sequence[object]
    """The suite's gates, as JSON values."""
    after: tuple[str, ...]

    name = "gate"

    def parts(self) -> object:
        """The suite's gates."""
        return list(self.gates)

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """One computation."""
        del given, progress
        scores, verdict = self.judge(folder)
        files = {"scores": folder / "scores.json", "verdict": folder / "verdict.json"}
        return Artifact(files, {"state": verdict.state, "scores": len(scores), "gates": len(verdict.decisions)})
