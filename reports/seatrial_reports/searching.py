"""The search for settings: how it went, which settings go with a low loss, and what each option mattered."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.blocks import Bar, Bars, Table
from seatrial.runs.result import Result
from seatrial.terminal.figures import percent
from seatrial_reports.charts import STEEP, Tick, nice_ticks, powers_of_ten
from seatrial_reports.facts import entries, mapping, number, sequence, text, whole
from seatrial_reports.numbers import amount, duration

__all__ = ["Axis", "HistoryChart", "ParallelCoordinates", "SearchView", "Strand", "build_search"]


@dataclass(frozen=True, slots=True)
class HistoryChart:
    """Loss against trial, in percent of the plot."""

    dots: tuple[tuple[float, float, str], ...]
    """(x, y, what it is) of trials that came to their end: `trial 3: 0.412`."""
    given_up: tuple[tuple[float, float, str], ...]
    """The same of those that were given up, at their last loss."""
    lowest: str
    """Points of a polyline in a box of 100 × 100: the lowest loss so far."""
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    logarithmic: bool
    alt: str


@dataclass(frozen=True, slots=True)
class Axis:
    """One option's axis, or the loss's."""

    name: str
    at: float
    """Percent from the left."""
    ticks: tuple[Tick, ...]
    """Percent from the top."""


@dataclass(frozen=True, slots=True)
class Strand:
    """One trial across the axes."""

    points: str
    """Of a polyline in a box of 100 × 100, and below that where an option did not apply."""
    rank: str
    """`chosen`, `good` (of the best quarter) or `other`."""
    alt: str


@dataclass(frozen=True, slots=True)
class ParallelCoordinates:
    """Every trial that came to its end, across an axis for each option and one for the loss."""

    axes: tuple[Axis, ...]
    strands: tuple[Strand, ...]
    """Those that are to be seen last."""
    alt: str


@dataclass(frozen=True, slots=True)
class SearchView:
    """What a search did."""

    told: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    history: HistoryChart | None
    parallel: ParallelCoordinates | None
    importance: Bars | None
    finalists: Table
    trials: Table


_BELOW = 107.0
"""Percent from the top, where an axis has no place for a trial: the option did not apply."""

_SAMPLERS = {"gp": "a Gaussian process", "tpe": "TPE", "random": "chance"}
_PRUNERS = {"median": "the median of those before", "asha": "successive halving", "none": "nobody"}


def build_search(result: Result) -> SearchView | None:
    """The search in words and pictures; None where the suite searched nothing."""
    facts = next((one.facts for one in result.records if one.base == "search" and one.facts.get("chosen")), None)
    if facts is None:
        return None
    trials, chosen = entries(facts, "trials"), mapping(facts, "chosen")
    over = [text(one, "name") for one in entries(facts, "over")]
    importance = [(name, share) for name in mapping(facts, "importance") if (share := _share(facts, name)) is not None]
    return SearchView(
        told=tuple(map(str, sequence(facts, "notes"))),
        figures=_figures(facts, trials),
        history=_history(trials),
        parallel=_parallel(entries(facts, "over"), trials, whole(chosen, "number")),
        importance=Bars(
            "What mattered",
            [Bar(name, share) for name, share in importance],
            says="Each option's share in what sets the best tenth of the trials apart from the others (PED-ANOVA).",
        )
        if importance
        else None,
        finalists=_table(
            "Trained on all train rows",
            over,
            entries(facts, "finalists"),
            chosen,
            "The best settings and the suite's own; the one with the lowest loss on the validation rows was chosen. No test row "
            "was seen.",
        ),
        trials=_table(
            "All trials",
            over,
            trials,
            chosen,
            f"Each was trained on {percent(number(facts, 'share') or 0)} of the train rows; the lowest loss first.",
        ),
    )


def _share(facts: Mapping[str, object], name: str) -> float | None:
    return number(mapping(facts, "importance"), name)


def _figures(facts: Mapping[str, object], trials: Sequence[Mapping[str, object]]) -> tuple[tuple[str, str], ...]:
    states = [text(one, "state") for one in trials]
    seconds = sum(number(one, "seconds") or 0 for one in (*trials, *entries(facts, "finalists")))
    together = max((whole(one, "together") or 1 for one in trials), default=1)
    counted = [(state, states.count(state)) for state in dict.fromkeys(states)]
    return (
        ("trials", f"{len(trials):,}"),
        *((f"of them {state}", f"{n:,}") for state, n in counted),
        ("trained at once", f"{together:,}"),
        ("time of training", duration(seconds)),
        ("drawn by", _SAMPLERS.get(text(facts, "sampler"), text(facts, "sampler"))),
        ("given up by", _PRUNERS.get(text(facts, "pruner"), text(facts, "pruner"))),
    )


def _reached(trial: Mapping[str, object]) -> float | None:
    """The loss that it ended with, or was given up at."""
    if (loss := number(trial, "loss")) is not None:
        return loss
    stages = [one for one in sequence(trial, "stages") if isinstance(one, int | float) and math.isfinite(one)]
    return float(stages[-1]) if stages else None


def _history(trials: Sequence[Mapping[str, object]]) -> HistoryChart | None:
    found = [
        (whole(one, "number") or 0, loss, number(one, "loss") is not None)
        for one in trials
        if (loss := _reached(one)) is not None
    ]
    ended = [(trial, loss) for trial, loss, whole_one in found if whole_one]
    if len(found) < 2 or not ended:
        return None
    low, high = min(loss for _, loss, _ in found), max(loss for _, loss, _ in found)
    steep = low > 0 and high >= STEEP * low
    ys = powers_of_ten(low, high) if steep else nice_ticks(low, high)
    last = max(trial for trial, _, _ in found)
    xs = [tick for tick in nice_ticks(1, last) if 1 <= tick <= last and tick == int(tick)]

    def across(trial: float) -> float:
        return round(100 * (trial - 0.5) / last, 2)

    def down(loss: float) -> float:
        return _down(loss, ys, logarithmic=steep)

    best: list[str] = []
    lowest = math.inf
    for trial, loss in ended:
        if best:
            best.append(f"{across(trial)},{down(lowest)}")
        lowest = min(lowest, loss)
        best.append(f"{across(trial)},{down(lowest)}")
    dots = [(across(trial), down(loss), f"trial {trial}: {loss:.4g}") for trial, loss in ended]
    given_up = [
        (across(trial), down(loss), f"trial {trial}, given up at {loss:.4g}")
        for trial, loss, whole_one in found
        if not whole_one
    ]
    first = ended[0]
    return HistoryChart(
        dots=tuple(dots),
        given_up=tuple(given_up),
        lowest=" ".join(best),
        x_ticks=tuple(Tick(across(x), f"{x:g}") for x in xs),
        y_ticks=tuple(Tick(down(y), f"{y:g}") for y in ys),
        logarithmic=steep,
        alt=f"The lowest validation loss goes from {first[1]:.4g} at trial {first[0]} to {lowest:.4g} over {len(found)} trials",
    )


def _down(value: float, ticks: Sequence[float], *, logarithmic: bool) -> float:
    scaled = math.log10 if logarithmic else float
    bottom, top = scaled(ticks[0]), scaled(ticks[-1])
    return round(100 - 100 * (scaled(value) - bottom) / max(top - bottom, 1e-12), 2)


def _parallel(
    over: Sequence[Mapping[str, object]], trials: Sequence[Mapping[str, object]], chosen: int | None
) -> ParallelCoordinates | None:
    ended = [(loss, one) for one in trials if (loss := number(one, "loss")) is not None]
    if len(ended) < 2 or not over:
        return None
    losses = sorted(loss for loss, _ in ended)
    good = losses[max(0, len(losses) // 4 - 1)]
    scales = [_Scale.of(one) for one in over] + [_Scale.of_loss(losses)]
    step = 100 / (len(scales) - 1)
    strands = [
        _strand(
            loss, one, scales, step, "chosen" if whole(one, "number") == chosen else "good" if loss <= good else "other"
        )
        for loss, one in sorted(ended, key=lambda pair: -pair[0])
    ]
    strands.sort(key=lambda strand: strand.rank == "chosen")
    axes = tuple(Axis(scale.name, round(place * step, 2), scale.ticks) for place, scale in enumerate(scales))
    names = ", ".join(scale.name for scale in scales)
    return ParallelCoordinates(axes, tuple(strands), f"{len(ended)} trials across {names}")


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where an option's values stand on its axis."""

    name: str
    ticks: tuple[Tick, ...]
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[str, ...] = ()

    @classmethod
    def of(cls, option: Mapping[str, object]) -> _Scale:
        name = text(option, "name")
        if "choices" in option:
            choices = tuple(map(_said, sequence(option, "choices")))
            ticks = tuple(Tick(_among(place, len(choices)), said) for place, said in enumerate(choices))
            return cls(name, ticks, choices=choices)
        low, high = number(option, "min") or 0.0, number(option, "max") or 1.0
        log = option.get("log") is True and low > 0
        ends = [low, math.sqrt(low * high) if log else (low + high) / 2, high]
        scale = cls(name, (), low, high, log)
        return cls(name, tuple(Tick(scale.at(x) or 0.0, f"{x:.3g}") for x in ends), low, high, log)

    @classmethod
    def of_loss(cls, losses: Sequence[float]) -> _Scale:
        low, high = losses[0], losses[-1]
        if high <= low:
            high = low + max(abs(low), 1e-6)
        scale = cls("loss", (), low, high)
        ends = (low, (low + high) / 2, high)
        return cls("loss", tuple(Tick(scale.at(x) or 0.0, f"{x:.3g}") for x in ends), low, high)

    def at(self, value: object) -> float | None:
        """Percent from the top; None where the axis has no place for a value."""
        if self.choices:
            said = _said(value)
            return _among(self.choices.index(said), len(self.choices)) if said in self.choices else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        scaled = math.log if self.log else float
        if self.log and value <= 0:
            return None
        share = (scaled(value) - scaled(self.low)) / (scaled(self.high) - scaled(self.low))
        return round(100 - 100 * min(max(share, 0.0), 1.0), 2)


def _among(place: int, count: int) -> float:
    return round(100 - 100 * (place + 0.5) / count, 2)


def _strand(loss: float, trial: Mapping[str, object], scales: Sequence[_Scale], step: float, rank: str) -> Strand:
    options = mapping(trial, "options")
    points = []
    for place, scale in enumerate(scales):
        last = place == len(scales) - 1
        at = scale.at(loss if last else options.get(scale.name)) if last or scale.name in options else None
        points.append(f"{round(place * step, 2)},{_BELOW if at is None else at}")
    said = ", ".join(f"{name} {_said(value)}" for name, value in options.items())
    return Strand(
        " ".join(points),
        rank,
        f"trial {whole(trial, 'number')}: {said}, loss {loss:.4g}",
    )


def _table(
    title: str, over: Sequence[str], trials: Sequence[Mapping[str, object]], chosen: Mapping[str, object], says: str
) -> Table:
    order = sorted(
        trials, key=lambda one: (number(one, "loss") is None, number(one, "loss") or 0.0, whole(one, "number") or 0)
    )
    rows = []
    for one in order:
        options, loss = mapping(one, "options"), number(one, "loss")
        own = "the suite's own" if text(one, "drawn") else ""
        picked = "chosen" if whole(one, "number") == whole(chosen, "number") else ""
        state = ", ".join(
            part for part in (picked, own, "" if picked else text(one, "state"), text(one, "reason")) if part
        )
        reached = _reached(one)
        told = "" if reached is None else amount(reached) if loss is not None else f"{amount(reached)} when given up"
        cells = [_said(options[name]) if name in options else "" for name in over]
        rows.append([f"{whole(one, 'number') or 0}", *cells, told, duration(number(one, "seconds") or 0), state])
    return Table(title, ["Trial", *over, "Validation loss", "Time", "What became of it"], rows, says=says)


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)
