"""Label errors: rows that a classifier which never saw them would label otherwise (confident learning)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression

from seatrial import Finding, Grouping, Row
from seatrial.errors import UsageError
from seatrial.model import Encoder
from seatrial.rows.storable import storable

__all__ = ["LabelErrors", "deal", "out_of_fold"]

DIGITS = 4
"""Decimals of a probability that are compared and shown."""

QUOTED = 200
"""Characters of the nearest row of the likelier label that a finding quotes."""


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """Names the rows that confident learning counts as errors, and those of which another label is much likelier.

    How many labels are wrong is estimated by confident learning (Northcutt et al. 2021, arXiv 1911.00068), and those rows are
    named whose own label has the lowest probability (cleanlab's `low_self_confidence`). Its estimate is low where labels are
    many: so rows are named too of which logistic regression, out of fold, finds another label `times` as likely.
    """

    encoder: Encoder
    c: float
    folds: int
    minimum: int
    seed: int
    times: float | None

    def __post_init__(self) -> None:
        if self.times is not None and not 1 <= self.times < float("inf"):
            raise UsageError(
                f"label_errors: times is {self.times}; another label must be likelier than a row's own, so 1 or more"
            )
        if self.folds < 2:
            raise UsageError(f"label_errors: folds is {self.folds}; it takes 2 to judge rows that were not learnt from")
        if self.minimum < 2:
            raise UsageError(
                f"label_errors: minimum is {self.minimum}; a label with fewer than 2 rows cannot be learnt from one and "
                "judged on another"
            )
        if not 0 < self.c < float("inf"):
            raise UsageError(f"label_errors: c is {self.c}; it is an inverse penalty above 0")

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """`id`, `label`, and the `vector` of what the model reads; label and vector are null where there is no label."""
        labelled = [place for place, row in enumerate(rows) if row.label is not None]
        vectors: list[np.ndarray | None] = [None] * len(rows)
        for place, vector in zip(labelled, self._encode([rows[place] for place in labelled]), strict=True):
            vectors[place] = vector
        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "label": pa.array([None if row.label is None else storable(row.label) for row in rows], pa.string()),
                "vector": pa.array(vectors, pa.list_(pa.float32())),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """A finding for every label that is probably wrong, and for every row that cannot be judged."""
        labelled = signatures.filter(signatures["label"].is_valid())
        read = _vectors(labelled).any(axis=1)
        unread = labelled["id"].filter(pa.array(~read)).to_pylist()
        findings = [Finding(name, "not-judged", "it has no text, or none that the encoder can read") for name in unread]
        labelled = labelled.filter(pa.array(read))
        counts = Counter(labelled["label"].to_pylist())
        known = {label for label, count in counts.items() if count >= self.minimum}
        if len(known) < 2:
            known = set()
        names = labelled["label"].to_pylist()
        judged = [place for place, label in enumerate(names) if label in known]
        findings += _not_judged(labelled, counts, known, self.minimum)
        if judged:
            findings += self._judge(labelled.take(judged), lookup)
        return Grouping(findings)

    def _encode(self, rows: Sequence[Row]) -> np.ndarray:
        # Templates and copies are encoded once.
        texts = [row.input_text for row in rows]
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return self.encoder.encode(list(distinct))[[distinct[text] for text in texts]] if texts else np.zeros((0, 0))

    def _judge(self, table: pa.Table, lookup: Callable[[str], Row]) -> Iterator[Finding]:
        ids = table["id"].to_pylist()
        classes, labels = np.unique(np.array(table["label"].to_pylist(), dtype=object), return_inverse=True)
        vectors = _vectors(table)
        probabilities = out_of_fold(vectors, labels, deal(ids, labels, self.folds, self.seed), c=self.c, seed=self.seed)
        for place in np.flatnonzero(self._wrong(labels, probabilities)):
            own = round(float(probabilities[place, labels[place]]), DIGITS)
            others = np.round(probabilities[place], DIGITS)
            others[labels[place]] = -1
            likelier = int(others.argmax())
            if others[likelier] <= own:
                continue
            rows_of_it = np.flatnonzero(labels == likelier)
            nearest = ids[rows_of_it[int((vectors[rows_of_it] @ vectors[place]).argmax())]]
            yield Finding(
                ids[place],
                "wrong-label",
                f"a classifier that has not seen the row gives its label {classes[labels[place]]!r} the probability "
                f"{own:.3f}, and {classes[likelier]!r} {others[likelier]:.3f}",
                score=own,
                matched_row=nearest,
                matched_text=lookup(nearest).input_text[:QUOTED],
            )

    def _wrong(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Which rows' labels are probably wrong, shape [rows]."""
        from cleanlab.filter import find_label_issues

        wrong: np.ndarray = find_label_issues(labels, probabilities, filter_by="low_self_confidence", n_jobs=1)
        if self.times is not None:
            rows = np.arange(len(labels))
            others = probabilities.copy()
            others[rows, labels] = 0
            wrong |= others.max(axis=1) > self.times * probabilities[rows, labels]
        return wrong


def _vectors(table: pa.Table) -> np.ndarray:
    """Those of all rows, shape [rows, dimensions]."""
    parts = [chunk.flatten().to_numpy() for chunk in table["vector"].chunks]
    return (
        np.concatenate([np.zeros(0, dtype=np.float32), *parts]).reshape(len(table), -1)
        if len(table)
        else np.zeros((0, 1))
    )


def deal(ids: Sequence[str], labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of each row, shape [rows]: label by label, in an order drawn by the ids' hashes, dealt out like cards.

    So every label is spread evenly, one with two rows or more stands outside of every fold, and the order of the rows
    does not matter.
    """
    drawn = [hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest() for name in ids]
    dealt = np.empty(len(ids), dtype=np.int64)
    dealt[sorted(range(len(ids)), key=lambda place: (labels[place], drawn[place]))] = np.arange(len(ids)) % folds
    return dealt


def out_of_fold(vectors: np.ndarray, labels: np.ndarray, dealt: np.ndarray, *, c: float, seed: int) -> np.ndarray:
    """What logistic regression that learnt from the other folds says of each row.

    Args:
        vectors: shape [rows, dimensions].
        labels: 0 to classes - 1, shape [rows]; each must stand outside of every fold.
        dealt: the fold of each row, shape [rows].
        c: inverse strength of the L2 penalty.
        seed: of the regression.

    Returns:
        Probabilities, shape [rows, classes].
    """
    probabilities = np.empty((len(labels), int(labels.max()) + 1))
    for fold in np.unique(dealt):
        held_out = dealt == fold
        classifier = LogisticRegression(C=c, max_iter=3000, random_state=seed)
        classifier.fit(vectors[~held_out], labels[~held_out])
        probabilities[held_out] = classifier.predict_proba(vectors[held_out])
    return probabilities


def _not_judged(table: pa.Table, counts: Counter[str], known: set[str], minimum: int) -> Iterator[Finding]:
    for name, label in zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True):
        if label not in known:
            count = counts[label]
            few = f"label {label!r} has {count} row{'s' if count != 1 else ''}, and it takes {minimum} to judge one"
            alone = f"no two labels have {minimum} rows or more, so there is nothing to tell {label!r} from"
            yield Finding(name, "not-judged", few if count < minimum else alone, score=count)
