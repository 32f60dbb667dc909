"""Gate: every score and the verdict, from what the stages before left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seatrial.evaluation.scores import Score
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress
from seatrial.verdict import Verdict

__all__ = ["GateNode"]


@dataclass(frozen=True, slots=True)
class GateNode:
    """Computes `scores.json` and `verdict.json`, as `seatrial gate` does later."""

    gates: Sequence[object]
    """The suite's gates, as JSON values."""
    recipes: Sequence[Recipe]
    """How they are built."""
    judge: Callable[[RunFolder], tuple[Sequence[Score], Verdict]] = field(metadata=RUNTIME)
    """Scores and verdict of the run in a folder; both are written there."""
    inputs: tuple[str, ...] = field(metadata=RUNTIME)

    name = "gate"
    reads = None
    reusable = False

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """One computation."""
        del given, progress
        scores, verdict = self.judge(folder)
        files = {"scores": folder / "scores.json", "verdict": folder / "verdict.json"}
        return Artifact(files, {"state": verdict.state, "scores": len(scores), "gates": len(verdict.decisions)})
