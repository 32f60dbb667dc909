"""How numbers are written in every report."""

from __future__ import annotations

import math

from seatrial.evaluation.scores import Score
from seatrial.terminal.legible import one_line
from seatrial.terminal.measures import duration, memory

__all__ = ["amount", "count", "duration", "interval", "memory", "out_of", "percent", "share", "value", "with_share"]

_ONE = {"rows": "row", "tokens": "token", "queries": "query", "forwards": "forward"}
UNIT = 18
"""Characters of a unit."""
MISSING = "missing"
"""What stands where a score should be: a word, never a zero."""


def count(n: float) -> str:
    """A whole number with thin groups: `2,026`."""
    return f"{int(n):,}"


def share(x: float, places: int = 3) -> str:
    """A proportion with three decimals, more where fewer would round it to 0 or 1: `0.890`, `0.9996`."""
    if not math.isfinite(x):
        return str(x)
    for digits in range(places, 7):
        written = f"{x:.{digits}f}"
        if float(written) not in {0.0, 1.0} or x in {0.0, 1.0}:
            return written
    return f"{x:.2g}"


def percent(x: float) -> str:
    """A proportion in percent: `89.0%`; with more decimals where fewer would round it to none or all: `0.03%`."""
    for digits in range(1, 5):
        written = f"{100 * x:.{digits}f}"
        if float(written) not in {0.0, 100.0} or x in {0.0, 1.0}:
            return f"{written}%"
    return f"{100 * x:.2g}%"


def with_share(n: float, every: float) -> str:
    """A count with its share of all: `394 (71.4%)`; 0 has none."""
    return f"{count(n)} ({percent(n / every)})" if every and n else count(n)


def out_of(n: int, looked_at: int, every: int | None = None) -> str:
    """A count of those that were looked at: `30 of 3,080 (1.0%)`, and of how many they were drawn where not of all."""
    drawn = f", drawn from {count(every)}" if every is not None and every > looked_at else ""
    return f"{count(n)} of {count(looked_at)} ({percent(n / looked_at)}){drawn}"


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
