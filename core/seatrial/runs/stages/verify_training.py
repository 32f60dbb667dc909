"""VerifyTraining: the adapter is active, or the run stops here. An adapter that was silently not applied scores as its base."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seatrial.errors import StageError, TrainingError
from seatrial.model import Continuation, LanguageModel, Scores
from seatrial.rows import Row
from seatrial.rows.table import open_rows
from seatrial.runs.events import Artifact
from seatrial.runs.stages import Progress
from seatrial.runs.store import RunFolder, digest_path

__all__ = ["ROWS", "TOLERANCE", "VerifyTraining"]

ROWS = 8
"""How many test rows are asked."""

TOLERANCE = 1e-3
"""Nats. The sum of a target's log probabilities must move by more than this: bf16 rounding alone reaches about 1e-4."""


@dataclass(frozen=True, slots=True)
class VerifyTraining:
    """Deduplicates the likelihood of some test rows' targets with the adapter and without it."""

    load: Callable[[Path], LanguageModel]
    """Loads the model with the adapter at a path."""
    adapter: Path | None = None
    """An adapter that the suite brings; None takes the one that was trained."""

    name = "verify_training"

    @property
    def after(self) -> tuple[str, ...]:
        """Training, where there is any."""
        return ("decontaminate", "train") if self.adapter is None else ("decontaminate",)

    def parts(self) -> object:
        """The adapter that the suite brings."""
        return digest_path(self.adapter) if self.adapter else None

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Ask both; the largest difference must be finite and above the tolerance."""
        del folder
        adapter = self.adapter or given.files["adapter"]
        tuned = self.load(adapter)
        base = tuned.without_adapter()
        if not isinstance(tuned, Scores) or not isinstance(base, Scores):
            raise StageError(
                "verify_training: the model's loader gives no loglikelihoods, so the adapter cannot be proved active"
            )
        rows = list(islice((row for row in open_rows(given.files["test"]) if row.target), ROWS))
        if not rows:
            raise StageError("verify_training: no test row has an expected answer to prove the adapter on")
        progress(0, 2, {})
        with_adapter = _likelihoods(tuned, rows)
        progress(1, 2, {})
        without = _likelihoods(base, rows)
        progress(2, 2, {})
        differences = [abs(one.logprob - other.logprob) for one, other in zip(with_adapter, without, strict=True)]
        largest = max(differences)
        if not all(map(math.isfinite, differences)):
            raise TrainingError("verify_training: the model with the adapter gives likelihoods that are not finite")
        if largest <= TOLERANCE:
            raise TrainingError(
                f"verify_training: the adapter changes nothing: over {len(rows)} test rows the targets' log probability moves by "
                f"{largest:.2g} at most (needed: more than {TOLERANCE}); it was not applied, or training left it at zero"
            )
        facts = {"rows": len(rows), "largest_difference": largest, "tolerance": TOLERANCE}
        return Artifact({}, {**facts, "adapter_sha256": digest_path(adapter), "model": dict(tuned.facts)})


def _likelihoods(model: Scores, rows: Sequence[Row]) -> list[Continuation]:
    answers = model.loglikelihoods([row.prompt for row in rows], [[row.target or ""] for row in rows])
    return [answer[0] for answer in answers]
