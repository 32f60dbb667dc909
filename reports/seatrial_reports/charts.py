"""Charts as geometry: positions in percent of the plot, so that they fit any width without a script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seatrial_reports.numbers import amount

__all__ = ["Dot", "DotPlot", "Estimate", "LossCurve", "Tick", "dot_plot", "loss_curve", "nice_ticks", "powers_of_ten"]

STEEP = 100.0
"""Losses that fall this far are drawn on powers of ten."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    """Percent of the axis, from the left or the top."""
    label: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, as it is to be drawn."""

    value: float
    low: float | None
    high: float | None
    alt: str
    """`0.890 (0.832 to 0.929), n = 163`."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An estimate in percent of the axis."""

    at: float
    low: float | None
    high: float | None
    alt: str


@dataclass(frozen=True, slots=True)
class DotPlot:
    """The axis that estimates share."""

    dots: tuple[Dot, ...]
    """In the order of the estimates."""
    ticks: tuple[Tick, ...]
    thresholds: tuple[Tick, ...]
    """Where lines stand that they are held against."""
    zero: float
    """Where 0 stands."""


@dataclass(frozen=True, slots=True)
class LossCurve:
    """Training and validation loss against steps."""

    train: str
    """Points of an SVG polyline in a box of 100 × 100."""
    validation: str
    validation_dots: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    best: Tick | None
    """The step whose adapter was kept."""
    logarithmic: bool
    """Whether the axis of losses has powers of ten: where they fall so far that the end would be a flat line."""
    alt: str


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) from the one at or below `low` to the one at or above `high`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / max(wanted - 1, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def powers_of_ten(low: float, high: float) -> list[float]:
    """The powers of ten from the one at or below `low` to the one at or above `high`; both above 0."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [float(f"1e{power}") for power in range(first, max(last, first + 1) + 1)]


def dot_plot(estimates: Sequence[Estimate], thresholds: Mapping[str, float], *, ticks: Sequence[float] = ()) -> DotPlot:
    """Estimates, at least one, on one axis.

    Args:
        estimates: finite ones.
        thresholds: what is held against them, by name; those outside of the axis are left out.
        ticks: of the axis; where none are given, round numbers as far as estimates and thresholds reach.
    """
    ends = [x for one in estimates for x in (one.value, one.low, one.high) if x is not None]
    inside = [t for t in thresholds.values() if math.isfinite(t)]
    marked = ticks or nice_ticks(min(ends + inside), max(ends + inside))
    low, high = marked[0], marked[-1]

    def at(x: float) -> float:
        return round(100 * min(max((x - low) / (high - low), 0), 1), 3)

    return DotPlot(
        dots=tuple(
            Dot(
                at(one.value),
                None if one.low is None else at(one.low),
                None if one.high is None else at(one.high),
                one.alt,
            )
            for one in estimates
        ),
        ticks=tuple(Tick(at(t), f"{t:g}") for t in marked),
        thresholds=tuple(Tick(at(t), name) for name, t in thresholds.items() if low <= t <= high),
        zero=at(0.0),
    )


def loss_curve(steps: Sequence[Mapping[str, float]], best_step: int | None) -> LossCurve | None:
    """The logged losses; None where fewer than two are finite numbers.

    The axis starts at 0, or is logarithmic where the largest loss is `STEEP` times the smallest or more.
    """
    series: dict[str, list[tuple[float, float]]] = {"loss": [], "validation_loss": []}
    for logged in steps:
        for name, points in series.items():
            if _finite(logged.get("step")) and _finite(logged.get(name)):
                points.append((float(logged["step"]), float(logged[name])))
    train, validation = series["loss"], series["validation_loss"]
    points = train + validation
    if len(points) < 2:
        return None
    right, (low, high) = max(x for x, _ in points), (min(y for _, y in points), max(y for _, y in points))
    steep = low > 0 and high >= STEEP * low
    xs, ys = nice_ticks(0, right), powers_of_ten(low, high) if steep else nice_ticks(0, high)
    scaled = math.log10 if steep else float
    bottom, top = scaled(ys[0]), scaled(ys[-1])

    def across(x: float) -> float:
        return round(100 * x / max(right, 1e-9), 2)

    def down(y: float) -> float:
        return round(100 - 100 * (scaled(y) - bottom) / max(top - bottom, 1e-9), 2)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return across(point[0]), down(point[1])

    return LossCurve(
        train=_polyline(map(place, train)),
        validation=_polyline(map(place, validation)),
        validation_dots=tuple(map(place, validation)),
        x_ticks=tuple(Tick(across(x), amount(x)) for x in xs if x <= right),
        y_ticks=tuple(Tick(down(y), f"{y:g}") for y in ys),
        logarithmic=steep,
        best=Tick(across(best_step), amount(best_step)) if best_step and best_step <= right else None,
        alt=". ".join(_told(name, s) for name, s in (("Training loss", train), ("Validation loss", validation)) if s),
    )


def _finite(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)


def _polyline(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _told(name: str, points: Sequence[tuple[float, float]]) -> str:
    (first, start), (last, end) = points[0], points[-1]
    return f"{name} goes from {start:.3g} at step {first:g} to {end:.3g} at step {last:g}"
