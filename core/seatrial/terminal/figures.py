"""Numbers as sentences show them: short, and never rounded across the threshold that they are held against."""

from __future__ import annotations

import math

__all__ = [
    "count",
    "figure",
    "figure_beside",
    "out_of",
    "percent",
    "rows_counted",
    "sample_size",
    "share",
    "with_share",
    "with_unit",
]


def figure(value: float, digits: int = 3) -> str:
    """A number for reading: three decimals below 10, four significant digits above, thousands separated."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if abs(value) < 10:
        text = f"{value:.{digits}f}"
    elif abs(value) < 10_000:
        text = f"{value:.{digits + 1}g}"
    else:
        text = f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.{digits + 1}g}"
    return text.removeprefix("-") if not any(digit in text for digit in "123456789") else text


def figure_beside(value: float, threshold: float) -> str:
    """A number with as many digits as it takes to see on which side of the threshold it lies."""
    for digits in range(3, 16):
        text = figure(value, digits)
        shown = float(text.replace(",", ""))
        if (shown < threshold) == (value < threshold) and (shown > threshold) == (value > threshold):
            return text
    return repr(value)


def with_unit(text: str, unit: str) -> str:
    """The number and its unit, where it has one."""
    return f"{text} {unit}" if unit else text


def sample_size(n: int, clusters: int | None = None, seeds: int | None = None) -> str:
    """What a number rests on: `n = 520 in 21 clusters, 3 seeds`."""
    return f"n = {rows_counted(n, clusters, seeds)}"


def rows_counted(n: int, clusters: int | None = None, seeds: int | None = None) -> str:
    """The same in a table's cell: `520 in 21 clusters, 3 seeds`."""
    grouped = f" in {clusters:,} cluster{'s' if clusters != 1 else ''}" if clusters is not None else ""
    trained = f", {seeds} seeds" if seeds is not None and seeds > 1 else ""
    return f"{n:,}{grouped}{trained}"


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
