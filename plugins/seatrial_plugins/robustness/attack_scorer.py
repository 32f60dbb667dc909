"""The scorer `attack`: each row's user message is attacked, and a sample tells what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from seatrial.errors import StageError
from seatrial.model import Scores
from seatrial.rows import Row, Rows, content_id
from seatrial.scores import Sample
from seatrial.scoring import System, Task
from seatrial_plugins.robustness import Recipe
from seatrial_plugins.robustness.label_classifier import LabelClassifier
from seatrial_plugins.robustness.random_state import example_seed
from seatrial_plugins.robustness.textattack_import import import_textattack
from seatrial_plugins.robustness.word_attack import Attempt, attack_text
from seatrial_plugins.robustness.word_changes import changed_words, words

__all__ = ["AttackScorer"]


@dataclass(frozen=True, slots=True)
class AttackScorer:
    """Attacks row by row; an exception within one row's attack is that row's error."""

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
        for done, row in enumerate(rows, start=1):
            yield self._attack(system, model, row, task)
            task.progress(done, len(rows))

    def _attack(self, system: System, model: Scores, row: Row, task: Task) -> Sample:
        labels = row.choices or task.labels
        classifier = LabelClassifier(model, system.prompt(row), labels)
        about: dict[str, Any] = {
            "row": row.id,
            "target": row.target,
            "prompt_hash": content_id(classifier.prompt, choices=labels),
            "slice": row.label or row.slice,
        }
        try:
            truth = _truth(row, labels)
            text = classifier.text
            seed = example_seed(task.seed, row.id)
            attempt = attack_text(
                classifier.probabilities, text, truth, recipe=self.recipe, budget=self.budget, seed=seed
            )
            return self._sample(about, attempt, text, labels, truth)
        except Exception as error:  # noqa: BLE001  # one row that fails must not take the others with it
            return Sample(values={}, error=f"{type(error).__name__}: {error}", **about)

    def _sample(
        self, about: dict[str, Any], attempt: Attempt, text: str, labels: tuple[str, ...], truth: int
    ) -> Sample:
        attacked, flipped = attempt.outcome != "skipped", attempt.outcome == "succeeded"
        prediction, clean = int(attempt.attacked.argmax()), int(attempt.clean.argmax())
        changes = changed_words(text, attempt.text)
        count = len(words(text))
        share = 100.0 * sum(change.words for change in changes) / count if count else 0.0
        return Sample(
            values={
                "clean_correct": float(attacked),
                "robust_correct": float(attacked and not flipped),
                "flipped": float(flipped) if attacked else None,
                "queries": float(attempt.queries) if attacked else None,
                "unique_forwards": float(attempt.unique_forwards) if attacked else None,
                "perturbed_words": share if flipped else None,
            },
            prediction=labels[prediction],
            detail={
                "outcome": attempt.outcome,
                "recipe": self.recipe,
                "budget": self.budget,
                "original": text,
                "attacked": attempt.text,
                "changes": [asdict(change) for change in changes],
                "clean_prediction": labels[clean],
                "truth": labels[truth],
                "clean_probabilities": _named(labels, attempt.clean.tolist()),
                "attacked_probabilities": _named(labels, attempt.attacked.tolist()),
            },
            **about,
        )


def _truth(row: Row, labels: tuple[str, ...]) -> int:
    """Which of the labels is the expected answer."""
    if len(labels) < 2:
        raise StageError(f"an attack needs at least 2 labels or choices, and there are {len(labels)}")
    if row.target in labels:
        return labels.index(row.target)
    raise StageError(f"the expected answer {row.target!r} is none of the {len(labels)} labels")


def _named(labels: tuple[str, ...], probabilities: list[float]) -> dict[str, float]:
    return {label: round(probability, 6) for label, probability in zip(labels, probabilities, strict=True)}
