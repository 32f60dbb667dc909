"""The toxicity filter: a finding for each turn and label over the threshold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from seatrial.errors import StageError, UsageError
from seatrial.findings import Finding, Span
from seatrial.model import Detector
from seatrial.rows import Row

__all__ = ["ToxicityFilter"]

_RULES = frozenset({"toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit"})
"""Labels with a rule of their own; any other label is reported under `other`."""


class ToxicityFilter:
    """Asks a detector about every turn; what is longer than the detector's capacity, the detector reads in pieces."""

    def __init__(self, detector: Detector, *, threshold: float = 0.5, labels: Sequence[str] | None = None) -> None:
        if not 0 < threshold <= 1:
            raise UsageError(f"toxicity: threshold is a probability over 0 and at most 1, not {threshold}")
        if labels is not None and not labels:
            raise UsageError("toxicity: labels is empty, so nothing could be found; leave it out to take all labels")
        self._detector = detector
        self._threshold = threshold
        self._labels = None if labels is None else tuple(labels)
        name = getattr(detector, "name", type(detector).__name__)
        self._speaker = f"{name} (a weak detector)" if detector.weak else str(name)
        self.weak = bool(detector.weak)

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """One finding for each turn and label over the threshold, its score the label's probability."""
        # Corpora repeat themselves (labels, greetings, copied rows): each text is asked about once.
        texts = list(dict.fromkeys(turn.content for row in rows for turn in row.turns if turn.content.strip()))
        answers = self._detector.detect(texts)
        if len(answers) != len(texts):
            raise StageError(f"toxicity: {self._speaker} gave {len(answers)} answers to {len(texts)} texts")
        found = {text: self._over_threshold(scores) for text, scores in zip(texts, answers, strict=True)}
        for row in rows:
            for index, turn in enumerate(row.turns):
                for label, score in found.get(turn.content, ()):
                    yield self._finding(row, index, label, score)

    def _over_threshold(self, scores: Mapping[str, float]) -> list[tuple[str, float]]:
        missing = sorted(set(self._labels or ()) - set(scores))
        if missing:
            raise UsageError(
                f"toxicity: {self._speaker} gives no label {missing[0]!r}; it gives: {', '.join(sorted(scores))}"
            )
        over = []
        for label in self._labels or scores:
            # Written so that a NaN is an error rather than "not over the threshold".
            if not 0 <= scores[label] <= 1:
                raise StageError(f"toxicity: {self._speaker} gave {label} the probability {scores[label]}")
            if scores[label] >= self._threshold:
                over.append((label, float(scores[label])))
        return over

    def _finding(self, row: Row, index: int, label: str, score: float) -> Finding:
        turn = row.turns[index]
        return Finding(
            row=row.id,
            rule=label if label in _RULES else "other",
            detail=f"{self._speaker} gives the {turn.role} turn {label} {score:.2f}, threshold {self._threshold:g}",
            score=score,
            spans=(Span(index, 0, len(turn.content)),),
        )
