"""A checked search: which options are tried with which values, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from seatrial.suite.search_keys import Pruner, Sampler

__all__ = ["Search", "Searched"]


@dataclass(frozen=True, slots=True)
class Searched:
    """One option of the training method, and the values that it is tried with."""

    name: str
    kind: Literal["number", "integer", "choice"]
    low: float = 0
    high: float = 0
    log: bool = field(default=False, kw_only=True)
    choices: tuple[Any, ...] = ()
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Other option → the values of it that this one is tried with; all must hold."""

    def applies(self, options: Mapping[str, Any]) -> bool:
        """Whether it is tried with these values of the other options."""
        return all(options.get(name) in values for name, values in self.when.items())

    def holds(self, value: Any) -> bool:
        """Whether a value is one of those that are tried."""
        if self.kind == "choice":
            return value in self.choices
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def resolved(self) -> dict[str, Any]:
        """The entry of `search.over` that says just this."""
        when = {name: list(values) for name, values in self.when.items()}
        if self.kind == "choice":
            return {"choices": list(self.choices), "when": when}
        return {"min": self.low, "max": self.high, "log": self.log, "when": when}


@dataclass(frozen=True, slots=True)
class Search:
    """How the settings of training are searched."""

    over: tuple[Searched, ...]
    """Those that others' conditions are on come first."""
    trials: int = 30
    share: float = 0.1
    finalists: int = 3
    at_once: int = 8
    sampler: Sampler = "auto"
    pruner: Pruner = "median"
    memory: float | None = None
    """GiB."""

    def resolved(self) -> dict[str, Any]:
        """The `search:` of a suite file that says just this."""
        return {
            "over": {one.name: one.resolved() for one in self.over},
            "trials": self.trials,
            "share": self.share,
            "finalists": self.finalists,
            "at_once": self.at_once,
            "sampler": self.sampler,
            "pruner": self.pruner,
            "memory": self.memory,
        }
