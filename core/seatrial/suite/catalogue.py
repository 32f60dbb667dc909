"""What a suite can name: the components that plugins bring, as far as checking a suite needs to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from seatrial.plugin.host import Kind, Provided

__all__ = ["KIND_WORDS", "USED_KINDS", "Catalogue"]

KIND_WORDS: Mapping[Kind, str] = {
    "sources": "source",
    "readers": "reader",
    "filters": "filter",
    "encoders": "encoder",
    "detectors": "detector",
    "models": "model loader",
    "trainers": "training method",
    "baselines": "baseline",
    "scorers": "scorer",
    "gates": "gate",
    "reports": "report",
}
"""Kind → what a message calls one of them."""

USED_KINDS: Mapping[str, Kind] = {"encoder": "encoders", "detector": "detectors"}
"""A `Use`'s kind → the kind of component that its option names; a `tokenizer` is no option."""


class Catalogue(Protocol):
    """Finds components by name. `seatrial.plugin.host.Host` is one."""

    def find(self, kind: Kind, name: str, /) -> Provided[Any] | None:
        """The component of that name, or None."""
        ...

    def names(self, kind: Kind, /) -> list[str]:
        """The names of all components of a kind, sorted."""
        ...
