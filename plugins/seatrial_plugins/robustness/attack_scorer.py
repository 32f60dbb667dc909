"""The scorer `attack`: each row's user message is attacked, and a sample tells what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

from seatrial.errors import StageError
from seatrial.evaluation.scores import Sample
from seatrial.evaluation.scoring import System, Task
from seatrial.model import Scores
from seatrial.rows import Row, Rows, content_id
from seatrial_plugins.robustness import Recipe
from seatrial_plugins.robustness.label_classifier import LabelClassifier
from seatrial_plugins.robustness.lockstep import Ended, lockstep
from seatrial_plugins.robustness.process_state import example_seed
from seatrial_plugins.robustness.textattack_import import import_textattack
from seatrial_plugins.robustness.word_attack import Attempt, attack_text
from seatrial_plugins.robustness.word_changes import changed_words, words

if TYPE_CHECKING:
    import numpy as np

__all__ = ["AttackScorer"]

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
        classifier = LabelClassifier(system.prompt(row), row.choices or task.labels)
        return cls(row, classifier, example_seed(task.seed, row.id))

    @property
    def truth(self) -> int:
        """Which of the labels is the expected answer."""
        labels = self.classifier.labels
        if len(labels) < 2:
            raise StageError(f"an attack needs at least 2 labels or choices, and there are {len(labels)}")
        if self.row.target in labels:
            return labels.index(self.row.target)
        raise StageError(f"the expected answer {self.row.target!r} is none of the {len(labels)} labels")


_Question = tuple[_Target, tuple[str, ...]]
"""Texts that an attack wants probabilities for."""


@dataclass(frozen=True, slots=True)
class AttackScorer:
    """Attacks rows together, each by itself; an exception within one row's attack is that row's error."""

    recipe: Recipe
    budget: int

    def score(self, system: System, rows: Rows, task: Task) -> Iterator[Sample]:
        """One sample a row, in order.

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
                )
            )
            return [target.classifier.probabilities([next(given) for _ in texts]) for target, texts in questions]

        attacks = [partial(self._attack, target) for target in targets]
        for done, ended in enumerate(lockstep(attacks, pooled, together=_TOGETHER), start=1):
            yield self._sample(targets[done - 1], ended)
            task.progress(done, len(rows))

    def _attack(self, target: _Target, ask: Callable[[_Question], np.ndarray]) -> Attempt:
        return attack_text(
            lambda texts: ask((target, tuple(texts))),
            target.classifier.text,
            target.truth,
            recipe=self.recipe,
            budget=self.budget,
            seed=target.seed,
        )

    def _sample(self, target: _Target, ended: Ended[Attempt]) -> Sample:
        row, labels = target.row, target.classifier.labels
        sample = Sample(
            row=row.id,
            values={},
            target=row.target,
            prompt_hash=content_id(target.classifier.prompt, choices=labels),
            slice=row.label or row.slice,
        )
        if ended.error is not None:
            return replace(sample, error=f"{type(ended.error).__name__}: {ended.error}")
        assert ended.result is not None
        attempt, text = ended.result, target.classifier.text
        attacked, flipped = attempt.outcome != "skipped", attempt.outcome == "succeeded"
        changes = changed_words(text, attempt.text)
        count = len(words(text))
        share = 100.0 * sum(change.words for change in changes) / count if count else 0.0
        return replace(
            sample,
            values={
                "clean_correct": float(attacked),
                "robust_correct": float(attacked and not flipped),
                "flipped": float(flipped) if attacked else None,
                "queries": float(attempt.queries) if attacked else None,
                "unique_forwards": float(attempt.unique_forwards) if attacked else None,
                "perturbed_words": share if flipped else None,
            },
            prediction=labels[int(attempt.attacked.argmax())],
            detail={
                "outcome": attempt.outcome,
                "recipe": self.recipe,
                "budget": self.budget,
                "original": text,
                "attacked": attempt.text,
                "changes": [asdict(change) for change in changes],
                "clean_prediction": labels[int(attempt.clean.argmax())],
                "truth": row.target,
                "clean_probabilities": _named(labels, attempt.clean.tolist()),
                "attacked_probabilities": _named(labels, attempt.attacked.tolist()),
            },
        )


def _named(labels: tuple[str, ...], probabilities: list[float]) -> dict[str, float]:
    return {label: round(probability, 6) for label, probability in zip(labels, probabilities, strict=True)}
