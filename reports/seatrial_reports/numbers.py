"""How numbers are written in every report."""

from __future__ import annotations

import math

from seatrial.evaluation.scores import Score
from seatrial.terminal.figures import count, out_of, percent, share, with_share
from seatrial.terminal.legible import one_line
from seatrial.terminal.measures import duration, memory

__all__ = ["amount", "count", "duration", "interval", "memory", "out_of", "percent", "share", "value", "with_share"]

_ONE = {"rows": "row", "tokens": "token", "queries": "query", "forwards": "forward"}
UNIT = 18
"""Characters of a unit."""
MISSING = "missing"
"""What stands where a score should be: a word, never a zero."""


def amount(x: float, unit: str = "", *, exact: bool = False) -> str:
    """A number in its unit, with four significant digits; whole and exact numbers in full."""
    if not math.isfinite(x):
        return str(x)
    if unit == "bytes":
        return memory(x)
    if x == int(x) and (exact or abs(x) >= 1000):
        written = f"{int(x):,}"
    elif abs(x) >= 1000:
        written = f"{x:,.0f}"
    else:
        written = f"{x:.4g}"
    # A unit is a plugin's text: one that is none must not stretch a column that keeps its numbers on one line.
    shown = one_line(unit, UNIT)
    return f"{written} {_ONE.get(shown, shown) if x == 1 else shown}" if shown else written


def _is_share(score: Score) -> bool:
    bounds = [score.value, *([score.interval.low, score.interval.high] if score.interval else [])]
    return not score.unit and score.kind != "exact" and all(b is not None and -1 <= b <= 1 for b in bounds)


def value(score: Score) -> str:
    """The score's number in its unit, or `missing`."""
    if score.value is None or not math.isfinite(score.value):
        return MISSING
    return share(score.value) if _is_share(score) else amount(score.value, score.unit, exact=score.kind == "exact")


def interval(score: Score) -> str:
    """The two-sided interval, such as `0.832 to 0.929`; "" where there is none."""
    if score.interval is None or score.value is None:
        return ""
    low, high = score.interval.low, score.interval.high
    if _is_share(score):
        return f"{share(low)} to {share(high)}"
    return (
        f"{amount(low)} to {amount(high, score.unit)}" if score.unit != "bytes" else f"{memory(low)} to {memory(high)}"
    )
