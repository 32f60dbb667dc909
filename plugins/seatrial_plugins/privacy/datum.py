"""One personal datum or secret in a text, and what finds such data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["LONG_NUMBER", "Datum", "Recogniser"]

LONG_NUMBER = re.compile("[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){6}")
"""Seven digits with no more than three other signs between two: the sign of every kind that is a number in groups."""


@dataclass(frozen=True, slots=True)
class Datum:
    """Where it stands, and what it is once its notation is taken away."""

    start: int
    end: int
    """One past the last character."""
    value: str = field(repr=False)
    """Equal for two notations of one datum (`DE89 3704 …` and `DE893704…`). Never leaves the filter."""
    label: str = ""
    """The placeholder's label, where the recogniser has several."""


class Recogniser(Protocol):
    """Finds data of one kind, in time linear in the text's length."""

    kind: str
    """The rule's name: `email`, `card`, …"""
    label: str
    """The placeholder's: `EMAIL` of `<EMAIL_1>`; capitals, digits and underscores."""
    name: str
    """What a reviewer calls one: `e-mail address`."""

    @property
    def sign(self) -> re.Pattern[str] | None:
        """Matches in every text that holds such a datum, so that others need not be searched; None: search all."""
        ...

    def find(self, text: str) -> Iterable[Datum]:
        """Every datum of the kind in `text`, in order, without overlaps."""
        ...
