"""A share that an imperfect test found, corrected for the errors that the test was measured to make."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["CorrectedShare", "corrected_share"]


@dataclass(frozen=True, slots=True)
class CorrectedShare:
    """The share that truly has the property, with its two-sided interval."""

    value: float
    low: float
    high: float


def corrected_share(
    share: tuple[float, int], sensitivity: tuple[int, int], specificity: tuple[int, int], level: float = 0.95
) -> CorrectedShare | None:
    """The true share behind one that an imperfect test found.

    The value is Rogan and Gladen's (1978, American Journal of Epidemiology 107:71), (p + Sp - 1) / (Se + Sp - 1), cut to 0…1.
    The interval is Lang and Reiczigel's (2014, Preventive Veterinary Medicine 113:13), which takes account of the sampling
    error of sensitivity and specificity too: with z² added to the sample, half of it as positives, and one success and one
    failure added to each of the other two, the corrected share π is moved by d = 2z²(π·Se(1 - Se)/n_Se - (1 - π)·Sp(1 - Sp)/n_Sp)
    and has the half width z·√(p(1 - p)/n + π²·Se(1 - Se)/n_Se + (1 - π)²·Sp(1 - Sp)/n_Sp) / (Se + Sp - 1). The value may lie
    outside of it where it was cut.

    Args:
        share: (positives, n) of the sample; the positives may be a fraction (an average over repetitions).
        sensitivity: (positives, n) among items that are known to have the property.
        specificity: (negatives, n) among items that are known not to have it.
        level: of the interval.

    Returns:
        None where the test was measured to be no better than chance (Se + Sp ≤ 1): then nothing can be corrected.

    Raises:
        ValueError: one of the three is of no item, or counts more than its n.
    """
    from scipy.special import ndtri

    for found, n in (share, sensitivity, specificity):
        if n < 1 or not 0 <= found <= n:
            raise ValueError(f"{found:g} of {n} is no share")
    se, sp = (found / n for found, n in (sensitivity, specificity))
    if se + sp <= 1:
        return None
    value = min(1.0, max(0.0, (share[0] / share[1] + sp - 1) / (se + sp - 1)))

    z = float(ndtri((1 + level) / 2))
    size, n_se, n_sp = share[1] + z * z, sensitivity[1] + 2, specificity[1] + 2
    p, se, sp = (share[0] + z * z / 2) / size, (sensitivity[0] + 1) / n_se, (specificity[0] + 1) / n_sp
    if se + sp <= 1:
        return None
    true = (p + sp - 1) / (se + sp - 1)
    of_se, of_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    centre = true + 2 * z * z * (true * of_se - (1 - true) * of_sp)
    half = z * math.sqrt(p * (1 - p) / size + true**2 * of_se + (1 - true) ** 2 * of_sp) / (se + sp - 1)
    return CorrectedShare(value, min(1.0, max(0.0, centre - half)), max(0.0, min(1.0, centre + half)))
