"""Numbers of a whole sample that are no mean over its rows: F1 macro, MCC, balanced accuracy, ECE, corpus BLEU.

Each takes columns, one row a sample, and how often each sample counts, so that a bootstrap draws weights and copies nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["STATISTICS", "Statistic", "bleu_of_counts"]

_ORDER = 4
"""The longest n-grams of BLEU (Papineni et al., 2002)."""

_BINS = 15
"""Of equal width (Guo et al. 2017, arXiv 1706.04599)."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """How columns become one number."""

    columns: int
    """How many it reads."""
    compute: Callable[[np.ndarray, np.ndarray], float]
    """Takes the columns, samples × columns, and the samples' weights."""


def _f1_macro(columns: np.ndarray, weights: np.ndarray) -> float:
    """The mean F1 of the classes that are expected or predicted; a sample without a prediction is a miss of its class."""
    right, expected, said = _per_class(columns, weights)
    met = expected + said > 0
    return float((2 * right[met] / (expected + said)[met]).mean())


def _balanced_accuracy(columns: np.ndarray, weights: np.ndarray) -> float:
    """The mean recall of the classes that are expected (Brodersen et al., 2010)."""
    right, expected, _ = _per_class(columns, weights)
    met = expected > 0
    return float((right[met] / expected[met]).mean())


def _mcc(columns: np.ndarray, weights: np.ndarray) -> float:
    """Matthews' correlation of expected and predicted classes (Gorodkin, 2004); 0 where either is one class throughout.

    Samples without a prediction are predicted to be of a class of their own.
    """
    right, expected, said = _per_class(columns, weights)
    total = float(weights.sum())
    none = total - float(said.sum())
    spread = (total**2 - float((expected**2).sum())) * (total**2 - float((said**2).sum()) - none**2)
    together = float(right.sum()) * total - float((expected * said).sum())
    return together / math.sqrt(spread) if spread > 0 else 0.0


def _per_class(columns: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class: samples that are rightly said to be of it, that are of it, that are said to be of it.

    The columns hold the expected and the predicted class, from 0 up; -1 is no prediction.
    """
    import numpy as np

    expected, said = columns[:, 0].astype(np.intp), columns[:, 1].astype(np.intp)
    count, able, hit = int(columns.max()) + 1, said >= 0, said == expected
    return (
        np.bincount(expected[hit], weights[hit], count),
        np.bincount(expected, weights, count),
        np.bincount(said[able], weights[able], count),
    )


def _ece(columns: np.ndarray, weights: np.ndarray) -> float:
    """How far confidence and accuracy are apart, over 15 bins of confidence, each weighed by its samples (Guo et al., 2017)."""
    import numpy as np

    confidence, right = columns.T
    bins = np.clip(np.ceil(confidence * _BINS).astype(np.intp) - 1, 0, _BINS - 1)
    gaps = np.bincount(bins, weights * (right - confidence), _BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def _bleu(columns: np.ndarray, weights: np.ndarray) -> float:
    return bleu_of_counts(weights @ columns)


def bleu_of_counts(sums: np.ndarray) -> float:
    """Corpus BLEU, 0 to 100, as sacrebleu's `corpus_bleu` gives it: four orders, exponential smoothing (Post, 2018).

    Args:
        sums: over all answers, of n-grams of each order that stand in a reference, of n-grams of each order, of the answers'
            tokens, and of the tokens of the references that are closest in length.
    """
    matched, there, (said, expected) = sums[:_ORDER], sums[_ORDER : 2 * _ORDER], sums[2 * _ORDER :]
    if not matched.any() or not there.all():
        return 0.0
    logs, smoothing = 0.0, 1.0
    for hits, ngrams in zip(matched, there, strict=True):
        if not hits:
            smoothing *= 2
        logs += math.log(100 * hits / ngrams if hits else 100 / (smoothing * ngrams))
    brevity = 1.0 if said >= expected else math.exp(1 - expected / said)
    return min(100.0, brevity * math.exp(logs / _ORDER))


STATISTICS: Mapping[str, Statistic] = {
    "f1_macro": Statistic(2, _f1_macro),
    "balanced_accuracy": Statistic(2, _balanced_accuracy),
    "mcc": Statistic(2, _mcc),
    "ece": Statistic(2, _ece),
    "bleu": Statistic(2 * _ORDER + 2, _bleu),
}
"""Name → what a metric of kind `corpus` may be computed by."""
