"""A component: something that a plugin offers and a suite names, orders and parameterises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_args

from seatrial.data.findings import ACTIONS, Rule
from seatrial.evaluation.scores import Metric
from seatrial.model import Capability

__all__ = ["Absent", "Component", "Place", "Use", "component_problem"]

T_co = TypeVar("T_co", covariant=True)

_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
"""It becomes part of files' names and of metrics', and of the keys of a suite."""

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
    """Raised whenever equal input and options could give another result; part of every cache key. For a filter, that is
    what its rules' versions don't say: its measures, facts and clusters."""

    def metrics_for(self, options: Mapping[str, Any]) -> tuple[Metric, ...]:
        """The metrics that it will produce when built with `options`."""
        return self.metrics(**options) if callable(self.metrics) else self.metrics


def component_problem(component: Any) -> str:
    """What a plugin got wrong in describing a component, or ""."""
    if not isinstance(component.name, str) or not _NAME.fullmatch(component.name):
        return "its name must be lower-case letters and digits, joined by - or _"
    if not callable(component.build):
        return f"its `build` is a {type(component.build).__name__}, which cannot be called"
    if not isinstance(component.summary, str):
        return f"its `summary` is a {type(component.summary).__name__}, not text"
    if not isinstance(component.uses, Mapping):
        return f"its `uses` is a {type(component.uses).__name__}, not a mapping of options to Use"
    for option, use in component.uses.items():
        if not isinstance(use, Use):
            return f"its `uses` says a {type(use).__name__} for {option!r}, not a Use"
    metrics: Any = () if callable(component.metrics) else component.metrics
    series: dict[str, Any] = {"rules": component.rules, "metrics": metrics}
    for name, listed in series.items():
        if not isinstance(listed, tuple | list):
            return f"its `{name}` is a {type(listed).__name__}, not a tuple; of one: `{name}=(…,)`"
    for rule in component.rules:
        if not isinstance(rule, Rule):
            return f"its `rules` hold a {type(rule).__name__}, not a Rule: `rules=(Rule(name, summary),)`"
        if not all(isinstance(said, str) for said in (rule.name, rule.summary)):
            return f"the name and the summary of its rule {rule.name!r} must be text"
        if rule.action not in ACTIONS:
            return f"its rule {rule.name!r} has the action {rule.action!r}; there are: {', '.join(ACTIONS)}"
    names = [rule.name for rule in component.rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"two of its rules are called {twice[0]!r}"
    for metric in metrics:
        if not isinstance(metric, Metric):
            return f"its `metrics` hold a {type(metric).__name__}, not a Metric"
    if component.place not in get_args(Place):
        return f"its `place` is {component.place!r}; there are: {', '.join(get_args(Place))}"
    return ""
