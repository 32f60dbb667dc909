"""How many samples a decision needs, and how small a difference a number of samples can show."""

from __future__ import annotations

import math
from collections.abc import Callable

from seatrial.stats.bounds import GATE_LEVEL, Bounds, Estimate

__all__ = ["minimum_detectable_difference", "needed_n"]

MOST = 10**9
"""Beyond this many samples a gate is called undecidable at the observed value."""


def needed_n(estimate: Estimate, decided: Callable[[Bounds], bool], level: float = GATE_LEVEL) -> int | None:
    """The smallest n at which the bounds would decide if everything else stayed as observed.

    Found by doubling and halving, so `decided` should stay true once n is large enough. None where it isn't true even
    for a thousand million samples: the observed value sits on the threshold.
    """

    def decides(n: int) -> bool:
        return decided(estimate.at(n).bounds(level))

    if decides(estimate.n):
        return estimate.n
    below, above = estimate.n, 2 * estimate.n
    while not decides(above):
        if above >= MOST:
            return None
        below, above = above, min(MOST, 2 * above)
    while above - below > 1:
        middle = (below + above) // 2
        if decides(middle):
            above = middle
        else:
            below = middle
    return above


def minimum_detectable_difference(variance: float, n: int, level: float = GATE_LEVEL, power: float = 0.8) -> float:
    """The smallest true difference that a one-sided test on `n` pairs would show with probability `power`.

    (z_level + z_power)·sqrt(variance / n), with the variance of the paired differences: Miller (arXiv 2411.00640),
    section 5, with one sample an item. For two systems that are each right with probability p and correlate at ρ the
    variance is 2p(1-p)(1-ρ).

    Raises:
        ValueError: n < 1 or a negative variance.
    """
    if n < 1 or variance < 0:
        raise ValueError(f"n = {n}, variance = {variance}: n must be at least 1, the variance at least 0")
    from scipy.special import ndtri

    return float(ndtri(level) + ndtri(power)) * math.sqrt(variance / n)
