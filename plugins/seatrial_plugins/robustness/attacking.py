"""The probe `attack`: each row's user message is attacked, and its transcript tells what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from seatrial import Response, Row, Scores, System, Task, Transcript
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress
from seatrial.model import offered
from seatrial.rows import content_id
from seatrial_plugins.robustness import Recipe
from seatrial_plugins.robustness.label_classifier import LabelClassifier
from seatrial_plugins.robustness.lockstep import Ended, lockstep
from seatrial_plugins.robustness.process_state import example_seed
from seatrial_plugins.robustness.textattack_import import import_textattack
from seatrial_plugins.robustness.word_attack import Attempt, attack_text

if TYPE_CHECKING:
    import numpy as np

__all__ = ["AttackProbe"]

_TOGETHER = 64
"""Rows attacked at a time: enough to fill the model's batches until the last few."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A row under attack."""

    row: Row
    classifier: LabelClassifier
    seed: int

    @classmethod
    def of(cls, system: System, row: Row, task: Task) -> Self:
        classifier = LabelClassifier(system.prompt(row, task), tuple(row.choices) or task.labels)
        return cls(row, classifier, example_seed(task.seed, row.id))

    @property
    def truth(self) -> int:
        """Which of the labels is the expected answer."""
        labels = self.classifier.labels
        if (different := len(set(labels))) < 2:
            raise StageError(f"an attack needs at least 2 different labels or choices, and there are {different}")
        if self.row.target in labels:
            return labels.index(self.row.target)
        raise StageError(f"the expected answer {self.row.target!r} is none of the {len(labels)} labels")


_Question = tuple[_Target, tuple[str, ...]]
"""Texts that an attack wants probabilities for."""


@dataclass(frozen=True, slots=True)
class AttackProbe:
    """Attacks rows together, each by itself; an exception within one row's attack is that row's error."""

    recipe: Recipe
    budget: int

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterator[Transcript]:
        """One transcript a row, in order: what became of the attack.

        Raises:
            StageError: the system cannot give log-likelihoods, or TextAttack cannot be imported.
        """
        model: object = system.model
        if not isinstance(model, Scores):
            raise StageError(
                f"attack: {system.name} gives no log-likelihoods, so it cannot be attacked as a classifier."
            )
        import_textattack()
        targets = [_Target.of(system, row, task) for row in rows]

        def pooled(questions: list[_Question]) -> list[np.ndarray]:
            given = iter(
                model.loglikelihoods(
                    [target.classifier.with_text(text) for target, texts in questions for text in texts],
                    [target.classifier.labels for target, texts in questions for _ in texts],
                    **offered([target.row.tools for target, texts in questions for _ in texts]),
                )
            )
            return [
                target.classifier.probabilities([next(given) for _ in texts], target.row.target or "")
                for target, texts in questions
            ]

        attacks = [partial(self._attack, target) for target in targets]
        for done, ended in enumerate(lockstep(attacks, pooled, together=_TOGETHER), start=1):
            yield self._transcript(targets[done - 1], ended)
            progress(done, len(rows))

    def _attack(self, target: _Target, ask: Callable[[_Question], np.ndarray]) -> Attempt:
        return attack_text(
            lambda texts: ask((target, tuple(texts))),
            target.classifier.text,
            target.truth,
            recipe=self.recipe,
            budget=self.budget,
            seed=target.seed,
        )

    def _transcript(self, target: _Target, ended: Ended[Attempt]) -> Transcript:
        row, labels = target.row, target.classifier.labels
        prompt_hash = content_id(target.classifier.prompt, tools=row.tools, choices=labels)
        if ended.error is not None:
            return Transcript(row.id, prompt_hash=prompt_hash, error=f"{type(ended.error).__name__}: {ended.error}")
        assert ended.result is not None
        attempt, text = ended.result, target.classifier.text
        return Transcript(
            row.id,
            (Response(labels[int(attempt.attacked.argmax())]),),
            prompt_hash,
            detail={
                "outcome": attempt.outcome,
                "recipe": self.recipe,
                "budget": self.budget,
                "queries": attempt.queries,
                "unique_forwards": attempt.unique_forwards,
                "candidates": attempt.candidates,
                "original": text,
                "attacked": attempt.text,
                "clean_prediction": labels[int(attempt.clean.argmax())],
                "truth": row.target,
                "clean_probabilities": _named(labels, attempt.clean.tolist()),
                "attacked_probabilities": _named(labels, attempt.attacked.tolist()),
            },
        )


def _named(labels: tuple[str, ...], probabilities: list[float]) -> dict[str, float]:
    return {label: round(probability, 6) for label, probability in zip(labels, probabilities, strict=True)}
