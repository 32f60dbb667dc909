"""What a suite can name: the components that plugins bring, as far as checking a suite needs to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from seatrial.plugin.host import Provided
from seatrial.plugin.kinds import Kind

__all__ = ["USED_KINDS", "Catalogue"]

USED_KINDS: Mapping[str, Kind] = {"encoder": "encoders", "detector": "detectors"}
"""A `Use`'s kind → the kind of component that its option names; a `tokenizer` is no option."""


class Catalogue(Protocol):
    """Finds components by name. `seatrial.plugin.host.Host` is one."""

    def find(self, kind: Kind, name: str, /) -> Provided | None:
        """The component of that name, or None."""
        ...

    def names(self, kind: Kind, /) -> list[str]:
        """The names of all components of a kind, sorted."""
        ...
