"""The toxicity filter: a finding for each turn and label over its threshold, and flag rates by identity term."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from seatrial import Measured
from seatrial.data.findings import Finding, Span
from seatrial.errors import StageError, UsageError, did_you_mean
from seatrial.model import Detector
from seatrial.rows import Row
from seatrial_plugins.toxicity.identity_tally import IdentityTally

__all__ = ["ToxicityFilter"]

_RULES = frozenset({"toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit"})
"""Labels with a rule of their own; any other label is reported under `other`."""

UNREAD = "unread"
"""The rule for turns that the detector has no answer to."""

DIGITS = 4
"""Decimals of a probability that thresholds are held against, and that the ledger shows."""


class ToxicityFilter:
    """Asks a detector about every turn; what is longer than the detector's capacity, the detector reads in pieces.

    Raises:
        UsageError: a threshold is no probability, no label counts, or the detector says that it has not one that counts.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        threshold: float | Mapping[str, float] = 0.5,
        labels: Sequence[str] | None = None,
        tally: IdentityTally,
    ) -> None:
        for value in threshold.values() if isinstance(threshold, Mapping) else (threshold,):
            if not 0 < value <= 1:
                raise UsageError(f"toxicity: threshold is a probability over 0 and at most 1, not {value}")
        if isinstance(threshold, Mapping) and labels is not None:
            raise UsageError("toxicity: threshold names the labels that count already; leave labels out")
        if threshold == {}:
            raise UsageError(
                "toxicity: threshold names no label, so nothing could be found; give a number for all labels"
            )
        if labels is not None and not labels:
            raise UsageError("toxicity: labels is empty, so nothing could be found; leave it out to take all labels")
        if isinstance(threshold, Mapping):
            labels = list(threshold)
        self._detector = detector
        self._threshold = threshold
        self._labels = None if labels is None else tuple(dict.fromkeys(labels))
        name = getattr(detector, "name", type(detector).__name__)
        self._speaker = f"{name} (a weak detector)" if detector.weak else str(name)
        if (known := getattr(detector, "labels", None)) is not None:
            self._check_labels(known)
        self._tally = tally
        self.weak = bool(detector.weak)
        self.reads = dict(getattr(detector, "reads", {}))

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """One finding for each turn and label over the threshold, its score the label's probability."""
        # Corpora repeat themselves (labels, greetings, copied rows): each text is asked about once.
        texts = list(dict.fromkeys(turn.content for row in rows for turn in row.turns if turn.content.strip()))
        answers = self._detector.detect(texts)
        if len(answers) != len(texts):
            raise StageError(f"toxicity: {self._speaker} gave {len(answers)} answers to {len(texts)} texts")
        found = {text: self._over_threshold(scores) for text, scores in zip(texts, answers, strict=True)}
        not_read = {text for text, scores in zip(texts, answers, strict=True) if not scores}
        for row in rows:
            for index, turn in enumerate(row.turns):
                for label, score in found.get(turn.content, ()):
                    yield self._finding(row, index, label, score)
            if unread := [index for index, turn in enumerate(row.turns) if turn.content in not_read]:
                yield self._unread(row, unread)

    def count(self, rows: Sequence[Row], findings: Sequence[Finding]) -> Mapping[str, int]:
        """Rows and flagged rows of a batch, by the identity terms they name."""
        return self._tally.count(rows, {finding.row for finding in findings if finding.rule != UNREAD})

    def conclude(self, counts: Mapping[str, int]) -> Measured:
        """How often rows are flagged that name a group, beside rows that name none."""
        return self._tally.conclude(counts)

    def _check_labels(self, known: Collection[str]) -> None:
        for label in self._labels or ():
            if label not in known:
                raise UsageError(
                    f"toxicity: {self._speaker} gives no label {label!r}{did_you_mean(label, known)}; it gives: "
                    f"{', '.join(sorted(known))}"
                )

    def _threshold_of(self, label: str) -> float:
        return self._threshold[label] if isinstance(self._threshold, Mapping) else self._threshold

    def _over_threshold(self, scores: Mapping[str, float]) -> list[tuple[str, float]]:
        if not scores:  # it cannot read the text
            return []
        self._check_labels(scores)
        over = []
        for label in self._labels or scores:
            # Written so that a NaN is an error rather than "not over the threshold".
            if not 0 <= scores[label] <= 1:
                raise StageError(f"toxicity: {self._speaker} gave {label} the probability {scores[label]}")
            # A detector's last bits may hang on the texts that it read in one batch.
            score = round(float(scores[label]), DIGITS)
            if score >= self._threshold_of(label):
                over.append((label, score))
        return over

    def _unread(self, row: Row, turns: Sequence[int]) -> Finding:
        roles = ", ".join(dict.fromkeys(row.turns[index].role for index in turns))
        what = "the turn" if len(turns) == 1 else f"{len(turns)} turns"
        spans = tuple(Span(index, 0, len(row.turns[index].content)) for index in turns)
        detail = f"{self._speaker} cannot read {what} ({roles}), so whether it is toxic is not known"
        return Finding(row.id, UNREAD, detail, score=len(turns), spans=spans)

    def _finding(self, row: Row, index: int, label: str, score: float) -> Finding:
        turn, threshold = row.turns[index], self._threshold_of(label)
        return Finding(
            row=row.id,
            rule=label if label in _RULES else "other",
            detail=f"{self._speaker} gives the {turn.role} turn {label} {score:.2f}, threshold {threshold:g}",
            score=score,
            spans=(Span(index, 0, len(turn.content)),),
        )
