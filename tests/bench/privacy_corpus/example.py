"""One generated text, and how many of them are drawn from the families of a kind."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["KINDS", "Drawn", "Example", "Families", "LookAlikes", "data", "look_alikes"]

KINDS = ("email", "iban", "card", "ip", "ssn", "phone", "secret")

Drawn = tuple[str, str]
"""A datum as it is written, and the frame it stands in, with `{}` in its place."""

Families = Mapping[str, tuple[float, Callable[[random.Random], Drawn]]]
"""Family → its weight and its maker."""

LookAlikes = Mapping[str, Callable[[random.Random], str]]
"""Family → its maker; all weigh the same."""


@dataclass(frozen=True, slots=True)
class Example:
    """One text."""

    text: str
    kind: str
    """What stands in it, or what it could be taken for."""
    family: str
    """The notation, or the sort of look-alike."""
    span: tuple[int, int] | None
    """Where the datum stands; None in a look-alike."""

    @property
    def datum(self) -> str:
        """The datum as it is written, "" in a look-alike."""
        return "" if self.span is None else self.text[slice(*self.span)]


def data(kind: str, n: int, seed: int) -> Iterator[Example]:
    """`n` texts with one datum of `kind` each."""
    families: Families = importlib.import_module(f"privacy_corpus.{_MODULES[kind]}").FAMILIES
    draw = random.Random(f"{kind} {seed}")
    names, weights = list(families), [weight for weight, _ in families.values()]
    for name in draw.choices(names, weights, k=n):
        datum, frame = families[name][1](draw)
        before, after = frame.split("{}")
        yield Example(before + datum + after, kind, name, (len(before), len(before) + len(datum)))


def look_alikes(kind: str, n: int, seed: int) -> Iterator[Example]:
    """`n` texts without a datum, of the families that resemble `kind`, evenly."""
    families: LookAlikes = importlib.import_module(f"privacy_corpus.{_MODULES[kind]}").LOOK_ALIKES
    draw = random.Random(f"not {kind} {seed}")
    names = list(families)
    for place in range(n):
        name = names[place % len(names)]
        yield Example(families[name](draw), kind, name, None)


_MODULES = {
    "email": "emails",
    "iban": "ibans",
    "card": "cards",
    "ip": "addresses",
    "ssn": "social_security",
    "phone": "telephones",
    "secret": "credentials",
}
