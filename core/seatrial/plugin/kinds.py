"""The kinds of component: for each its word, its descriptor, and the hook that brings it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from seatrial.plugin.component import (
    Component,
    FilterComponent,
    GateComponent,
    LoaderComponent,
    MethodComponent,
    ProbeComponent,
    ScorerComponent,
)

__all__ = ["KINDS", "KIND_TABLE", "Kind", "KindOf"]

Kind = Literal[
    "sources",
    "readers",
    "filters",
    "encoders",
    "detectors",
    "models",
    "methods",
    "baselines",
    "probes",
    "scorers",
    "gates",
    "reports",
    "trackers",
]
"""The kinds of component; the hook `seatrial_<kind>` brings them."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class KindOf:
    """What is known of a kind."""

    word: str
    """What a message calls one of them."""
    descriptor: type[Component[Any]]
    """What plugins register it with."""


KIND_TABLE: Mapping[Kind, KindOf] = {
    "sources": KindOf("source", Component),
    "readers": KindOf("reader", Component),
    "filters": KindOf("filter", FilterComponent),
    "encoders": KindOf("encoder", Component),
    "detectors": KindOf("detector", Component),
    "models": KindOf("model loader", LoaderComponent),
    "methods": KindOf("training method", MethodComponent),
    "baselines": KindOf("baseline", Component),
    "probes": KindOf("probe", ProbeComponent),
    "scorers": KindOf("scorer", ScorerComponent),
    "gates": KindOf("gate", GateComponent),
    "reports": KindOf("report", Component),
    "trackers": KindOf("tracker", Component),
}
