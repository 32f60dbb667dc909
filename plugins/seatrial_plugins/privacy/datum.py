"""One personal datum or secret in a text, and what finds such data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Datum", "Recogniser"]


@dataclass(frozen=True, slots=True)
class Datum:
    """Where it stands, and what it is once its notation is taken away."""

    start: int
    end: int
    """One past the last character."""
    value: str = field(repr=False)
    """Equal for two notations of one datum (`DE89 3704 …` and `DE893704…`). Never leaves the filter."""


class Recogniser(Protocol):
    """Finds data of one kind, in time linear in the text's length."""

    kind: str
    """The rule's name: `email`, `card`, …"""
    name: str
    """What a reviewer calls one: `e-mail address`."""

    def find(self, text: str) -> Iterable[Datum]:
        """Every datum of the kind in `text`, in order."""
        ...
