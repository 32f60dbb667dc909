"""A component's portrait in lines of text, or as JSON values for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from seatrial.plugin.kinds import KIND_TABLE
from seatrial.terminal.screen import Line, clean

if TYPE_CHECKING:
    from seatrial.plugin.kinds import Kind
    from seatrial.suite.portrait import Option, Portrait

__all__ = ["portrait_document", "portrait_lines"]

_PLACES: Mapping[Kind, str] = {
    "sources": "an address, `{name}:…`",
    "readers": "`reader: {name}` beside a source, or `reader: {{{name}: {{…}}}}`",
    "filters": "`- {name}: {{…}}` below `filters:`",
    "encoders": "`encoder: {name}` where a component takes an encoder",
    "detectors": "`detector: {name}` where a component takes a detector",
    "models": "`loader: {name}` beside the model's source; its options stand there too",
    "methods": "`train: {{method: {name}, …}}`",
    "baselines": "`- {name}: {{…}}` below `baselines:`",
    "probes": "scorers name it",
    "scorers": "`- {name}: {{…}}` below `score:`",
    "gates": "`- {{gate: {name}, metric: …, …}}` below `gates:`",
    "reports": "`- {name}: {{…}}` below `report:`",
    "trackers": "`- {name}: {{…}}` below `tracking:`",
}
"""Kind → how a suite says it."""

_WHEN = {
    "rows": "looks at each row by itself, before the others",
    "corpus": "compares rows with each other, before they are split",
    "splits": "compares train with what is held out",
}


def portrait_lines(portrait: Portrait) -> Iterator[Line]:
    """What to know before writing it into a suite."""
    component = portrait.provided.component
    who = f"plugin {portrait.provided.plugin} of {portrait.provided.distribution} {portrait.provided.version}"
    yield 0, clean(f"{portrait.name}: {KIND_TABLE[portrait.kind].word}, from the {who}")
    yield 2, clean(component.summary)
    yield 2, clean(f"In a suite: {_PLACES[portrait.kind].format(name=portrait.name)}")
    if portrait.kind == "filters":
        yield 2, f"It {_WHEN[component.place]}"
    if needs := _needs(portrait):
        yield 2, clean(f"Asks of the model: {' or '.join(needs)}")
    yield from _listed("Options", portrait.options)
    if not portrait.options:
        yield 0, "Options: none of its own"
    yield from _listed(f"Keys of every {KIND_TABLE[portrait.kind].word}", portrait.beside)
    if portrait.rules:
        yield 0, "Rules"
    for rule in portrait.rules:
        yield 2, clean(f"{rule.name} ({rule.action}, version {rule.version}): {rule.summary}")
    if portrait.metrics:
        yield 0, "Metrics, for gates"
    for metric in portrait.metrics or ():
        unit = f", {metric.unit}" if metric.unit else ""
        yield 2, clean(f"{portrait.name}/{metric.name} ({metric.better} is better{unit}): {metric.summary}")
    if portrait.metrics is None:
        yield 0, "Metrics: they depend on its options"


def portrait_document(portrait: Portrait) -> dict[str, object]:
    """The portrait as JSON values."""
    component = portrait.provided.component
    return {
        "kind": portrait.kind,
        "name": portrait.name,
        "summary": component.summary,
        "plugin": portrait.provided.plugin,
        "distribution": portrait.provided.distribution,
        "version": portrait.provided.version,
        "place": component.place if portrait.kind == "filters" else None,
        "needs": _needs(portrait),
        "options": [asdict(option) for option in portrait.options],
        "beside": [asdict(option) for option in portrait.beside],
        "rules": [asdict(rule) for rule in portrait.rules],
        "metrics": None if portrait.metrics is None else [asdict(metric) for metric in portrait.metrics],
    }


def _needs(portrait: Portrait) -> list[str]:
    """The capabilities of which a probe asks one, or a method all."""
    return sorted(getattr(portrait.provided.component, "needs", ()))


def _listed(heading: str, options: Iterable[Option]) -> Iterator[Line]:
    for number, option in enumerate(options):
        if not number:
            yield 0, heading
        default = "required" if option.required else f"default {json.dumps(option.default, ensure_ascii=False)}"
        yield 2, clean(f"{option.name}: {option.type}; {default}")
        if option.summary:
            yield 6, clean(option.summary)
