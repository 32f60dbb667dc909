"""What a component must be able to do once it is built: the methods of its kind's protocol, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.data.filters import CorpusFilter, RowFilter, SplitFilter
from seatrial.evaluation.probe import Probe
from seatrial.evaluation.scorer import Scorer
from seatrial.model import Baseline, Detector, Encoder
from seatrial.plugin.component import Component, FilterComponent, Place
from seatrial.plugin.kinds import Kind
from seatrial.runs.result import Report
from seatrial.runs.tracker import Tracker
from seatrial.sources import Reader, Source
from seatrial.training import Method
from seatrial.verdict import Gate

__all__ = ["promised"]

_FILTERS: Mapping[Place, type] = {"rows": RowFilter, "corpus": CorpusFilter, "splits": SplitFilter}

_PROTOCOLS: Mapping[Kind, type] = {
    "sources": Source,
    "readers": Reader,
    "encoders": Encoder,
    "detectors": Detector,
    "methods": Method,
    "baselines": Baseline,
    "probes": Probe,
    "scorers": Scorer,
    "gates": Gate,
    "reports": Report,
    "trackers": Tracker,
}

_LOADER = ("resolve", "provides", "open")
"""A loader whose models cannot be trained needs no more."""


def promised(kind: Kind, component: Component[Any]) -> tuple[str, ...]:
    """The names of the methods and attributes that the built component must have."""
    if kind == "models":
        return _LOADER
    protocol = _FILTERS[component.place] if isinstance(component, FilterComponent) else _PROTOCOLS[kind]
    return tuple(name for name in vars(protocol) if not name.startswith("_"))
