"""Asked: what the suite asks of its filters and scorers, as it stands in suite.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seatrial.runs.result import Result
from seatrial_reports.facts import entries, flat, mapping, text

__all__ = ["Asked", "asked", "in_words"]

_KNOWN = {"as", "action", "systems"}
"""Keys that every filter or scorer has; what they say is told elsewhere."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One filter or scorer of the suite."""

    name: str
    """The component's."""
    alias: str
    options: Mapping[str, object]


def asked(result: Result, part: str) -> tuple[Asked, ...]:
    """The suite's `filters` or `score`, in its order."""
    return tuple(
        Asked(name, text(options, "as") or name, options)
        for entry in entries(result.suite, part)
        for name in entry
        for options in (mapping(entry, name),)
    )


def in_words(one: Asked) -> str:
    """Its options: `samples 200, split test, recipe deepwordbug, budget 200`."""
    told = {key: value for key, value in one.options.items() if key not in _KNOWN}
    return ", ".join(f"{name.replace('_', ' ')} {written}" for name, written in flat(told))
