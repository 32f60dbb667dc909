"""Agreement of two raters: how often they say the same, and how much of that chance does not explain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.stats.proportions import wilson_interval

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Raw agreement, and Cohen's kappa, each with its two-sided interval."""

    n: int
    raw: float
    """The share of items on which both say the same."""
    raw_interval: tuple[float, float]
    """Wilson's."""
    kappa: float | None
    """1 is full agreement, 0 what chance gives; None where both say one and the same of every item."""
    kappa_interval: tuple[float, float] | None


def agreement(table: Sequence[Sequence[int]], level: float = 0.95) -> Agreement:
    """How far two raters agree.

    Kappa is Cohen's (1960, Educational and Psychological Measurement 20:37): (p_o - p_e) / (1 - p_e). Its interval is the
    normal one with the large-sample variance of Fleiss, Cohen and Everitt (1969, Psychological Bulletin 72:323, eq. 13), cut
    at 1; below some 50 items it is a rough one.

    Args:
        table: how many items the first rater put into the row's category and the second into the column's; square.
        level: of the intervals.

    Raises:
        ValueError: there is no item, or the table is not square.
    """
    from scipy.special import ndtri

    size, n = len(table), sum(map(sum, table))
    if n < 1 or any(len(row) != size for row in table):
        raise ValueError("a square table of at least one item is needed")
    p = [[cell / n for cell in row] for row in table]
    rows = [sum(row) for row in p]
    columns = [sum(row[place] for row in p) for place in range(size)]
    same = round(sum(table[place][place] for place in range(size)))
    observed = same / n
    expected = sum(row * column for row, column in zip(rows, columns, strict=True))
    raw_interval = wilson_interval(same, n, level)
    if expected >= 1:
        return Agreement(n, observed, raw_interval, None, None)
    kappa = (observed - expected) / (1 - expected)
    diagonal = sum(p[i][i] * ((1 - expected) - (rows[i] + columns[i]) * (1 - observed)) ** 2 for i in range(size))
    beside = (1 - observed) ** 2 * sum(
        p[i][j] * (columns[i] + rows[j]) ** 2 for i in range(size) for j in range(size) if i != j
    )
    least = (observed * expected - 2 * expected + observed) ** 2
    error = math.sqrt(max(0.0, diagonal + beside - least) / n) / (1 - expected) ** 2
    z = float(ndtri((1 + level) / 2))
    return Agreement(n, observed, raw_interval, kappa, (kappa - z * error, min(1.0, kappa + z * error)))
