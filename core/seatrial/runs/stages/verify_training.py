"""Verify training: what it left changes the model, or the run stops here. One that was silently not applied scores as its base."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from seatrial.errors import StageError, TrainingError
from seatrial.model import ChecksRows, Classifies, Continuation, Generates, Model, Product, Scores, SeesImages
from seatrial.rows import Row
from seatrial.rows.table import open_rows
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress
from seatrial.runs.stages.train import product_of

__all__ = ["ROWS", "TOLERANCE", "VerifyTraining"]

ROWS = 8
"""How many held-out rows are asked."""

TOLERANCE = 1e-3
"""Nats. The sum of a target's log probabilities must move by more than this: bf16 rounding alone reaches about 1e-4."""

_WORDS = 16
"""New tokens of an answer, where a model gives no log-likelihoods."""


@dataclass(frozen=True, slots=True)
class VerifyTraining:
    """Compares what the model says to some held-out rows with what training left, and without it."""

    model: ModelOnTrial
    on: str
    """The evaluation set whose rows are asked."""
    seed: int | None = None
    """Of the training; None where the suite brings a product."""
    brought: Product | None = None
    remarks: tuple[str, ...] = ()
    """What the loader has to say of a product that the suite brings."""
    inputs: tuple[str, ...] = field(default=("decontaminate",), metadata=RUNTIME)

    reusable = True

    @property
    def name(self) -> str:
        """The seed in brackets, where there was training."""
        return "verify_training" if self.seed is None else f"verify_training[seed={self.seed}]"

    @property
    def reads(self) -> frozenset[str]:
        """Held-out rows, and what was trained."""
        return frozenset({self.on} if self.brought else {self.on, "product"})

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Ask both; what they say must differ, and be finite."""
        product = self.brought or product_of(given)
        progress(0, 2, {})
        tuned = _opened(self.model.open(product, frozenset()), folder)
        rows = list(islice(_readable(open_rows(given.files[self.on]), tuned), ROWS))
        if not rows:
            raise StageError(f"{self.name}: no {self.on} row has an expected answer to verify the training on")
        facts = {"rows": len(rows), "product_sha256": product.digest, "model": dict(tuned.facts)}
        if self.remarks:
            facts["warnings"] = list(self.remarks)
        if isinstance(tuned, Scores):
            with_product = _likelihoods(tuned, rows)
            progress(1, 2, {})
            facts |= self._moved(with_product, rows, folder)
        elif isinstance(tuned, Generates):
            facts |= self._rewritten(tuned, rows, folder)
        elif isinstance(tuned, Classifies):
            facts |= self._named(tuned, rows)
        else:
            raise StageError(
                f"{self.name}: the model neither scores, generates nor classifies, so nothing can be compared"
            )
        progress(2, 2, {})
        return Artifact({}, facts)

    def _moved(self, with_product: Sequence[Continuation], rows: Sequence[Row], folder: RunFolder) -> dict[str, object]:
        base = _opened(self.model.open(None, frozenset({"scores"})), folder)
        assert isinstance(base, Scores)
        without = _likelihoods(base, rows)
        differences = [abs(one.logprob - other.logprob) for one, other in zip(with_product, without, strict=True)]
        if not all(map(math.isfinite, differences)):
            raise TrainingError(f"{self.name}: the model gives likelihoods that are not finite")
        largest = max(differences)
        if largest <= TOLERANCE:
            raise TrainingError(
                f"{self.name}: training changes nothing: over {len(rows)} {self.on} rows the targets' log probability moves "
                f"by {largest:.2g} at most (needed: more than {TOLERANCE}); what it left was not applied, or is zero"
            )
        return {"largest_difference": largest, "tolerance": TOLERANCE}

    def _named(self, tuned: Classifies, rows: Sequence[Row]) -> dict[str, object]:
        """The labels that are named; a base without a head names none to compare with, a head that learned nothing none either."""
        labels = sorted(set(tuned.classify(rows)) - {""})
        if not labels:
            raise TrainingError(
                f"{self.name}: training changes nothing: of {len(rows)} {self.on} rows the classifier names no label, since it finds "
                "several equally likely; what it left was not applied, or is zero"
            )
        return {"labels": labels}

    def _rewritten(self, tuned: Generates, rows: Sequence[Row], folder: RunFolder) -> dict[str, object]:
        prompts = [row.prompt for row in rows]
        said = [answer.text for answer in tuned.generate(prompts, max_new_tokens=_WORDS)]
        base = _opened(self.model.open(None, frozenset({"generates"})), folder)
        assert isinstance(base, Generates)
        before = [answer.text for answer in base.generate(prompts, max_new_tokens=_WORDS)]
        changed = sum(one != other for one, other in zip(said, before, strict=True))
        if not changed:
            raise TrainingError(
                f"{self.name}: training changes nothing: {len(rows)} {self.on} rows get the same answers as before"
            )
        return {"changed_answers": changed}


def _opened(model: Model, folder: RunFolder) -> Model:
    """The model, told where the pictures of the run's rows are."""
    if isinstance(model, SeesImages):
        model.images_from(folder / "data/images")
    return model


def _readable(rows: Iterable[Row], model: Model) -> Iterator[Row]:
    """The rows that expect an answer and that the model can read: those it is asked may be others."""
    for row in rows:
        asked = replace(row, split="test") if row.split in {"train", "validation"} else row  # nothing is cut here
        if row.target and not (isinstance(model, ChecksRows) and any(model.problems([asked]))):
            yield row


def _likelihoods(model: Scores, rows: Sequence[Row]) -> list[Continuation]:
    answers = model.loglikelihoods([row.prompt for row in rows], [[row.target or ""] for row in rows])
    return [answer[0] for answer in answers]
