"""A component: something that a plugin offers and a suite names, orders and parameterises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from seatrial.findings import Rule
from seatrial.model import Capability
from seatrial.scores import Metric

__all__ = ["Absent", "Component", "Place", "Use"]

T_co = TypeVar("T_co", covariant=True)

Place = Literal["rows", "corpus", "splits"]
"""Where a filter stands in a run.

rows     looks at each row by itself, batch by batch; first
corpus   compares the rows of one table with each other (duplicates, label balance); before rows are split
splits   compares train with test (leakage); after rows are split
"""


@dataclass(frozen=True, slots=True)
class Use:
    """What an option stands for: another component, the model's tokenizer, or benchmarks, read.

    encoder, detector   the option names a component, and the builder gets it built
    tokenizer           no option: the builder gets the tokenizer of the model under test
    benchmarks          the option is a mapping of names to sources; the builder gets a `Benchmark` for each name
    """

    kind: Literal["encoder", "detector", "tokenizer", "benchmarks"]
    default: str | None = None
    """The encoder or detector used where the suite names none."""
    when: Callable[[Mapping[str, Any]], bool] | None = None
    """Whether the component's options need it: where they don't, the builder gets None, and nothing is loaded, nor missed
    where it isn't installed. A function of a module, so that it can go to other processes."""
    optional: bool = False
    """Whether the component can do without it: where the default encoder or detector cannot be built, or the suite names no
    model that could have a tokenizer, the builder gets an `Absent`, which says why. What a suite names must be there."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Stands where a component gets something that it can do without, and that could not be had."""

    reason: str
    """A sentence for the user: what was missing, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Component(Generic[T_co]):
    """What a plugin registers: a name, how to build the thing, and what is known of it before it is built."""

    name: str
    """What a suite calls it; unique among components of its kind."""
    build: Callable[..., T_co]
    """Takes the suite's options as typed keyword arguments, checked before anything runs.

    Heavy libraries are imported in here, never at the plugin's import.
    """
    summary: str
    """One sentence, shown by `seatrial plugins` and in the report."""
    uses: Mapping[str, Use] = field(default_factory=dict)
    """Option → the component it names; `build` gets it built."""
    metrics: tuple[Metric, ...] | Callable[..., tuple[Metric, ...]] = ()
    """Scorers, split filters and counting filters: the scores it will produce; a callable takes the same options as `build`."""
    needs: tuple[Capability, ...] = ()
    """Scorers: what it asks of a model."""
    comparable: bool = True
    """Scorers: whether base and baselines are scored beside the tuned model unless the suite says otherwise."""
    baselines: bool = False
    """Scorers: whether it can score classifiers that only name a label."""
    rules: tuple[Rule, ...] = ()
    """Filters: what it looks for."""
    place: Place = "rows"
    """Filters: where it stands in a run."""
    version: str = "1"
    """Raised whenever equal input and options could give another result; part of every cache key."""

    def metrics_for(self, options: Mapping[str, Any]) -> tuple[Metric, ...]:
        """The metrics that it will produce when built with `options`."""
        return self.metrics(**options) if callable(self.metrics) else self.metrics
