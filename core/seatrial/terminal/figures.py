"""Numbers as sentences show them: short, and never rounded across the threshold that they are held against."""

from __future__ import annotations

import math

__all__ = ["figure", "figure_beside", "sample_size", "with_unit"]


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
    grouped = f" in {clusters} cluster{'s' if clusters != 1 else ''}" if clusters is not None else ""
    trained = f", {seeds} seeds" if seeds is not None and seeds > 1 else ""
    return f"n = {n}{grouped}{trained}"
