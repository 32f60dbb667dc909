"""A training's plan as a person reads it: what lies in memory, and what each card makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from seatrial.terminal.figures import count
from seatrial.terminal.measures import duration, memory
from seatrial.terminal.screen import Line, cell, clean, styled

if TYPE_CHECKING:
    from seatrial.runs.training_plan import MethodPlan, OnCard, TrainingPlan
    from seatrial.terminal.screen import Screen

__all__ = ["plan_document", "print_plan"]

_FIT = {"fits": "fits", "tight": "tight", "no": "does not fit"}
_STYLES = {"fits": "green", "tight": "yellow", "no": "red"}


def print_plan(plan: TrainingPlan, screen: Screen) -> None:
    """The suite's method in full, the others in a table."""
    screen.lines(_opening(plan))
    _print_memory(plan.own, screen)
    _print_cards(plan, screen)
    screen.lines(_notes(plan))
    if plan.others or plan.unplanned:
        _print_methods(plan, screen)


def _opening(plan: TrainingPlan) -> Iterator[str]:
    facts = plan.own.cost.facts
    yield clean(f"{plan.suite}: {plan.own.method} (plugin {plan.own.plugin}), before anything is loaded")
    said = [
        f"{count(value)} {words}"
        for name, words in (
            ("rows", "rows"),
            ("steps", "steps"),
            ("tokens", "tokens read"),
            ("supervised_tokens", "of them supervised"),
            ("trained_parameters", "parameters trained"),
            ("parameters", "in all"),
        )
        if isinstance(value := facts.get(name), int)
    ]
    if said:
        yield clean(", ".join(said))
    if plan.rows_from:
        yield clean(f"Rows: those of {', '.join(plan.rows_from)}")
    else:
        yield "Rows: the data stages were worked for this plan alone; `seatrial data` keeps what they leave"


def _print_memory(own: MethodPlan, screen: Screen) -> None:
    table = screen.table("Memory at its peak", ">Size", ">Share")
    lines: list[Line] = [(0, "Memory at its peak")]
    for name, size in sorted(own.cost.memory.items(), key=lambda pair: -pair[1]):
        share = f"{100 * size / max(own.cost.peak, 1):.0f}%"
        table.add_row(cell(name), cell(memory(size)), cell(share))
        lines.append((2, clean(f"{name}: {memory(size)}, {share}")))
    total = memory(own.cost.peak)
    table.add_row(styled("all tensors, counted", "bold"), styled(total, "bold"), styled(""))
    lines.append((2, f"all tensors, counted: {total}"))
    if own.probed and own.probed.peak:
        found = memory(own.probed.peak)
        table.add_row(styled("all tensors, measured", "bold"), styled(found, "bold"), styled(""))
        lines.append((2, f"all tensors, measured: {found}"))
    screen.table_or_lines(table, lines)


def _print_cards(plan: TrainingPlan, screen: Screen) -> None:
    if not plan.own.cards:
        return
    table = screen.table("Card", "Memory", ">Time", ">Energy, at most", "What to change")
    lines: list[Line] = []
    for one in plan.own.cards:
        fit, time, energy, change = (
            _FIT[one.fit],
            _time(one, plan.trainings),
            _energy(one, plan.trainings),
            _change(one),
        )
        table.add_row(cell(one.card.name), styled(fit, _STYLES[one.fit]), cell(time), cell(energy), cell(change))
        lines.append((0, clean(f"{one.card.name}: {fit}")))
        lines.append((2, clean(f"{time}, at most {energy}" + (f"; to change: {change}" if change else ""))))
    screen.table_or_lines(table, lines)


def _time(one: OnCard, trainings: int) -> str:
    return f"{'' if one.measured else 'about '}{duration(one.seconds * trainings)}"


def _energy(one: OnCard, trainings: int) -> str:
    hours = one.kilowatt_hours * trainings
    return f"{hours:.3g} kWh" if hours >= 0.1 else f"{1000 * hours:.2g} Wh"


def _change(one: OnCard) -> str:
    """The change that makes it fit, and what it does to the time; "" where nothing is to be changed."""
    if one.fit == "fits":
        return ""
    if one.lighter is None:
        return "nothing that this method tells makes it fit: take another method, or a smaller model"
    slower = one.card.training_seconds(one.lighter.cost) / max(one.seconds, 1e-9) if not one.measured else None
    took = f", {slower:.2f} × the time" if slower and not 0.98 < slower < 1.02 else ""
    return f"{said_change(one.lighter.change)} ({memory(one.lighter.cost.peak)}{took})"


def said_change(change: Mapping[str, object]) -> str:
    """As arguments of `--set`."""
    said = {True: "true", False: "false"}
    return ", ".join(
        f"{key}={said.get(value, value) if isinstance(value, bool) else value}" for key, value in change.items()
    )


def _notes(plan: TrainingPlan) -> Iterator[str]:
    own = plan.own
    if own.cards:
        yield (
            "Time is an estimate: products and bytes moved, over the datasheet's rates as far as they are reached (80% and 68%); "
            "energy is the card's highest power for as long. `--probe` measures some steps on the card here."
        )
    if plan.devices > 1:
        yield (
            f"Memory, time and energy are of one of {plan.devices} devices, each with its share of every step's rows; what they send each "
            "other is not counted."
        )
    if plan.trainings > 1:
        yield f"Time and energy are of {plan.trainings} trainings, one for each seed."
    if own.probed is not None and (seconds := own.measured_seconds) is not None:
        yield clean(
            f"Probed on {own.probed.device}: {len(own.probed.steps)} steps in {duration(own.probed.seconds)}, after "
            f"{duration(own.probed.starting)} to start; so the training takes about {duration(seconds * plan.trainings)}"
        )


def _print_methods(plan: TrainingPlan, screen: Screen) -> None:
    table = screen.table("Method", ">Memory", *(f">{one.card.name}" for one in plan.own.cards))
    lines: list[Line] = []
    for method in (plan.own, *plan.others):
        peak = memory(method.peak)
        cards = [_time(one, plan.trainings) if one.fit != "no" else "does not fit" for one in method.cards]
        table.add_row(*map(cell, (method.method, peak, *cards)))
        lines.append((0, clean(f"{method.method}: {peak}")))
        lines += [(2, clean(f"{one.card.name}: {said}")) for one, said in zip(method.cards, cards, strict=True)]
    screen.table_or_lines(table, lines)
    screen.lines(clean(f"Not planned: {name}: {reason}") for name, reason in plan.unplanned.items())


def plan_document(plan: TrainingPlan) -> dict[str, object]:
    """The plan as JSON values: bytes, seconds, kWh; of one training."""
    return {
        "suite": plan.suite,
        "trainings": plan.trainings,
        "devices": plan.devices,
        "rows_from": list(plan.rows_from),
        **_method_document(plan.own),
        "methods": [_method_document(other) for other in plan.others],
        "unplanned": dict(plan.unplanned),
    }


def _method_document(method: MethodPlan) -> dict[str, object]:
    cost, probed = method.cost, method.probed
    return {
        "method": method.method,
        "plugin": method.plugin,
        "device": cost.device,
        "peak_bytes": method.peak,
        "counted_peak_bytes": cost.peak,
        "memory": dict(cost.memory),
        "work": asdict(cost.work),
        "disk_bytes": cost.written,
        "facts": dict(cost.facts),
        "probed": None if probed is None else {**asdict(probed), "training_seconds": method.measured_seconds},
        "cards": [_card_document(one) for one in method.cards],
    }


def _card_document(one: OnCard) -> dict[str, object]:
    lighter = one.lighter
    return {
        **asdict(one.card),
        "fit": one.fit,
        "seconds": one.seconds,
        "measured": one.measured,
        "kilowatt_hours_at_most": one.kilowatt_hours,
        "lighter": None
        if lighter is None
        else {
            "change": dict(lighter.change),
            "peak_bytes": lighter.cost.peak,
            "seconds": one.card.training_seconds(lighter.cost),
        },
    }
