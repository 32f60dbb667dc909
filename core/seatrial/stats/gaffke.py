"""Means under random weights: the chance on which Gaffke's bounds of a mean rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seatrial.stats.bounds import bisect

if TYPE_CHECKING:
    import numpy as np

__all__ = ["gaffke_lower", "tail_probability"]

NOTHING = 1e-12
"""A share of the limits' width that is not told from 0."""


def gaffke_lower(shares: Sequence[float], sizes: Sequence[float], counts: Sequence[float], alpha: float) -> float:
    """The alpha-quantile of the randomly weighted mean of `shares` and of one more, at 0, as large as the largest.

    Args:
        shares: what was observed, from 0 to 1.
        sizes: how much each weighs beside the others: the rows of a cluster.
        counts: how often each was observed, or would have been.
        alpha: the probability that may lie below.
    """
    import numpy as np

    values, weights = np.array([0.0, *shares]), np.array([float(max(sizes)), *sizes])
    shapes = np.array([1.0, *counts])
    mean = float(np.dot(values, weights * shapes) / (np.dot(weights, shapes) - weights[0]))
    if mean <= NOTHING:
        return 0.0
    highest = min(mean, float(values.max()))
    found = bisect(lambda point: tail_probability(weights * (values - point), shapes) >= alpha, highest, NOTHING)
    return found if found > NOTHING else 0.0


def tail_probability(distances: np.ndarray, shapes: np.ndarray) -> float:
    """P(Σ G_i·d_i ≤ 0) for independent gamma variables G_i of the given shapes and unit scale.

    By the saddlepoint approximation of Barndorff-Nielsen (1986), Biometrika 73:307. For two distances the answer is a
    beta probability; there it is off by 0.1% of itself typically and by 4% at most (n of n ones, n = 1), upwards, which
    makes the bounds wider.
    """
    import numpy as np
    from scipy.special import ndtr

    if distances.min() >= 0:
        return 0.0
    if distances.max() <= 0:
        return 1.0
    left, right, point = 1 / float(distances.min()), 1 / float(distances.max()), 0.0
    for _ in range(200):  # Newton's method on the cumulant's derivative, kept inside the shrinking bracket
        pull = distances / (1 - point * distances)
        slope = float(np.dot(shapes, pull))
        left, right = (left, point) if slope > 0 else (point, right)
        step = point - slope / float(np.dot(shapes, pull * pull))
        following = step if left < step < right else (left + right) / 2
        if abs(following - point) <= 1e-13 * abs(point):
            break
        point = following
    pull = distances / (1 - point * distances)
    signed = math.copysign(math.sqrt(max(0.0, 2 * float(np.dot(shapes, np.log1p(-point * distances))))), point)
    scaled = point * math.sqrt(float(np.dot(shapes, pull * pull)))
    if abs(signed) < 1e-3:
        return 0.5  # the formula is 0/0 at the median; the quantiles that are asked for are nowhere near
    return float(ndtr(signed + math.log(scaled / signed) / signed))
