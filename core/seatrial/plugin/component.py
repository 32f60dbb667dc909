"""Components: what plugins offer and suites name, order and parameterise; a descriptor of its own for each kind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, cast, get_args

from seatrial.data.findings import ACTIONS, Rule
from seatrial.errors import PluginError
from seatrial.evaluation.scores import Dimension, Kind, Metric
from seatrial.model.capabilities import Capability
from seatrial.stats import STATISTICS
from seatrial.training.method import Parallel

__all__ = [
    "Absent",
    "Component",
    "FilterComponent",
    "GateComponent",
    "LoaderComponent",
    "MeasuringComponent",
    "MethodComponent",
    "Place",
    "ProbeComponent",
    "ReportComponent",
    "ScorerComponent",
    "Use",
    "component_problem",
]

T_co = TypeVar("T_co", covariant=True)

_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
"""It becomes part of files' names and of metrics', and of the keys of a suite."""

Place = Literal["rows", "corpus", "splits"]
"""Where a filter stands in a run.

rows     looks at each row by itself, batch by batch; first
corpus   compares the rows of one table with each other (duplicates, label balance); before rows are split
splits   holds train against the evaluation sets (leakage, coverage); after rows are split
"""


@dataclass(frozen=True, slots=True)
class Use:
    """What an option stands for: another component, the model's tokenizer, or benchmarks, read.

    encoder, detector   the option names a component, and the builder gets it built
    tokenizer           no option: the builder gets the tokenizer of the model on trial
    benchmarks          the option is a mapping of names to sources; the builder gets a `Benchmark` for each name
    model               the option says what `model:` of a suite says (source, loader, its options); the builder gets an
                        `AskedModel`, which is opened when it is first asked
    """

    kind: Literal["encoder", "detector", "tokenizer", "benchmarks", "model"]
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
    """What a plugin registers: a name, how to build the thing, and what is known of it before it is built.

    Sources, readers, encoders, detectors, baselines and reports need no more than this; the other kinds have a descriptor
    of their own below.
    """

    name: str
    """What a suite calls it; unique among components of its kind."""
    build: Callable[..., T_co]
    """Takes the suite's options as typed keyword arguments, checked before anything runs.

    Heavy libraries are imported in here, never at the plugin's import.
    """
    summary: str
    """One sentence, shown by `seatrial plugins` and in the report."""
    uses: Mapping[str, Use] = field(default_factory=dict, kw_only=True)
    """Option → the component it names; `build` gets it built."""
    version: str = field(default="1", kw_only=True)
    """Raised whenever equal input and options could give another result; part of every node's key. For a filter, that is
    what its rules' versions don't say: its measures, facts and clusters."""
    libraries: tuple[str, ...] = field(default=(), kw_only=True)
    """The distributions whose versions can move its results (`torch`, `textattack`): part of every node's key too."""
    imports: Mapping[str, str] | Callable[..., Mapping[str, str]] = field(default_factory=dict, kw_only=True)
    """The modules that it imports or reads when it works, each with what to install where it is not there: `{"sklearn":
    "scikit-learn"}`. A callable takes the same options as `build`. What is missing is said before anything runs."""

    def imports_for(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """Module → what brings it, when built with `options`."""
        return self.imports(**options) if callable(self.imports) else self.imports


@dataclass(frozen=True, slots=True)
class MeasuringComponent(Component[T_co]):
    """A component that produces metrics: a filter or a scorer."""

    metrics: tuple[Metric, ...] | Callable[..., tuple[Metric, ...]] = field(default=(), kw_only=True)
    """The scores it will produce; a callable takes the same options as `build`."""
    looks_for: str = field(default="", kw_only=True)
    """What it looks for, in a reviewer's words, as reports name what a run did look for and what not: `train rows that give
    away test rows`, `harmful answers`. "" where there is nothing a reviewer would miss."""

    def metrics_for(self, options: Mapping[str, Any]) -> tuple[Metric, ...]:
        """The metrics that it will produce when built with `options`.

        Raises:
            PluginError: what it tells of them is nothing that a score could be computed by.
        """
        if not callable(self.metrics):
            return self.metrics
        found: Any = self.metrics(**options)
        found = tuple(found) if isinstance(found, Iterable) else found
        if problem := next(_metric_problems(found), ""):
            raise PluginError(f"{self.name}: {problem}")
        return cast("tuple[Metric, ...]", found)


@dataclass(frozen=True, slots=True)
class FilterComponent(MeasuringComponent[T_co]):
    """A filter: rules about rows, and where in a run it stands."""

    rules: tuple[Rule, ...] = field(default=(), kw_only=True)
    """What it looks for, rule by rule."""
    place: Place = field(default="rows", kw_only=True)


@dataclass(frozen=True, slots=True)
class LoaderComponent(Component[T_co]):
    """A way to open a model (kind `models`)."""

    provides: frozenset[Capability] = field(default=frozenset(), kw_only=True)
    """All that models it opens may be able to do; `Loader.provides` says it of one model."""
    schemes: frozenset[str] = field(default=frozenset(), kw_only=True)
    """The schemes of addresses that it takes where a suite names no loader: `openai` of `openai:http://…`."""
    runtime: frozenset[str] = field(default=frozenset(), kw_only=True)
    """The options that say how a model is asked and nothing of what it answers, such as how many requests go at a time: a run
    that was asked in another way goes on, and what it holds counts."""


@dataclass(frozen=True, slots=True)
class MethodComponent(Component[T_co]):
    """A training method."""

    needs: frozenset[Capability] = field(default=frozenset({"trains"}), kw_only=True)
    """What the loader must provide, all of it."""
    parallel: frozenset[Parallel] = field(default=frozenset(), kw_only=True)
    """The ways in which processes may share its training; it is a `seatrial.training.SharesTraining` where there are any."""
    unsearchable: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """Option → why no search may try values of it, a clause: its validation loss is measured by it, or trials do without it."""


@dataclass(frozen=True, slots=True)
class ProbeComponent(Component[T_co]):
    """A way to put a task to a system."""

    needs: frozenset[Capability] = field(default=frozenset(), kw_only=True)
    """What it asks of a system; one of these is enough."""
    piece: int = field(default=128, kw_only=True)
    """How many rows it is given at a time: enough to fill a model's batches. What a piece was answered is kept when it is
    whole, and a run that was killed goes on with the next."""
    asks_rows: bool = field(default=True, kw_only=True)
    """Whether it asks each row of the task. One that does not (random prompts, to be timed) is run once for a system."""


def _no_options(**options: Any) -> Mapping[str, Any]:
    del options
    return {}


@dataclass(frozen=True, slots=True)
class ScorerComponent(MeasuringComponent[T_co]):
    """A scorer: a pure function of transcripts."""

    probe: str = field(kw_only=True)
    """The name of the probe whose transcripts it reads. Scorers that ask the same share them."""
    asks: Callable[..., Mapping[str, Any]] = field(default=_no_options, kw_only=True)
    """Takes the same options as `build`, and gives the probe's."""
    dimension: Dimension = field(kw_only=True)
    comparable: bool = field(default=True, kw_only=True)
    """Whether base, few-shot base and baselines are asked beside the system on trial unless the suite says otherwise."""
    draws: tuple[Literal["raw", "train"], ...] = field(default=(), kw_only=True)
    """The tables out of which it draws the rows that are asked (`Draws`), where these are not an evaluation set's."""
    brings_rows: bool = field(default=False, kw_only=True)
    """Whether it draws rows (`Draws`) that it brings itself, so that the suite's `data` need name none for it."""
    selects: tuple[str, ...] = field(default=(), kw_only=True)
    """The options, lists each, that say which metrics are computed, each on its own: runs that differ in them share the metrics
    that both list."""
    stands_for: Callable[..., Mapping[str, Any]] | None = field(default=None, kw_only=True)
    """Of a bundle: takes the same options as `build`, and `samples` and `fewshot` where the suite says them, and gives keys of a
    suite (`tests`, `score`, `filters`, `gates`) that stand in its place before anything is checked, so that it is never built.
    Scorers whose gates are a `family` are called `FAMILY-…`: nobody asks the subject to be better by them, but no worse. ValueError
    says what is wrong."""


@dataclass(frozen=True, slots=True)
class GateComponent(Component[T_co]):
    """A way to hold a metric against a condition."""

    implied_by: frozenset[str] = field(default=frozenset(), kw_only=True)
    """Keys by which a suite's entry means this gate without naming it: `min` and `max`, `baseline`."""


@dataclass(frozen=True, slots=True)
class ReportComponent(Component[T_co]):
    """A report of which more is to be said than of any component; a plain `Component` describes the run."""

    describes: Literal["run", "model"] = field(default="run", kw_only=True)
    """What it is about. One about the `model` that a run trained goes with it where it is exported."""


def component_problem(component: Any) -> str:
    """What a plugin got wrong in describing a component, or ""."""
    return next(_problems(component), "")


def _problems(component: Any) -> Iterator[str]:
    if not isinstance(component.name, str) or not _NAME.fullmatch(component.name):
        yield "its name must be lower-case letters and digits, joined by - or _"
    if not callable(component.build):
        yield f"its `build` is a {type(component.build).__name__}, which cannot be called"
    if not isinstance(component.summary, str):
        yield f"its `summary` is a {type(component.summary).__name__}, not text"
    if not isinstance(component.uses, Mapping):
        yield f"its `uses` is a {type(component.uses).__name__}, not a mapping of options to Use"
    if not callable(component.imports) and not isinstance(component.imports, Mapping):
        yield f"its `imports` is a {type(component.imports).__name__}, not a mapping of modules to what brings them"
    for option, use in component.uses.items():
        if not isinstance(use, Use):
            yield f"its `uses` says a {type(use).__name__} for {option!r}, not a Use"
    if isinstance(component, MeasuringComponent) and not callable(component.metrics):
        yield from _metric_problems(component.metrics)
    if isinstance(component, FilterComponent):
        yield from _rule_problems(component.rules)
        if component.place not in get_args(Place):
            yield f"its `place` is {component.place!r}; there are: {', '.join(get_args(Place))}"
    if isinstance(component, ScorerComponent) and component.dimension not in get_args(Dimension):
        yield f"its `dimension` is {component.dimension!r}; there are: {', '.join(get_args(Dimension))}"
    if isinstance(component, ScorerComponent):
        yield from _mislisted("selects", component.selects, str, '"metrics"')
        bundle: Any = component.stands_for
        if bundle is not None and not callable(bundle):
            yield f"its `stands_for` is a {type(bundle).__name__}, which cannot be called"
    if isinstance(component, ReportComponent) and component.describes not in {"run", "model"}:
        yield f"its `describes` is {component.describes!r}; there are: run, model"
    if isinstance(component, ProbeComponent | MethodComponent):
        yield from _capability_problems("needs", component.needs)
    if isinstance(component, LoaderComponent):
        yield from _capability_problems("provides", component.provides)
    if isinstance(component, MethodComponent) and (strange := sorted(set(component.parallel) - {*get_args(Parallel)})):
        yield f"its `parallel` names {strange[0]!r}; there are: {', '.join(get_args(Parallel))}"
    unsearchable = getattr(component, "unsearchable", {})
    if not isinstance(unsearchable, Mapping):
        yield f"its `unsearchable` is a {type(unsearchable).__name__}, not a mapping of options to reasons"


def _metric_problems(metrics: Any) -> Iterator[str]:
    yield from _mislisted("metrics", metrics, Metric, "Metric(…)")
    for metric in metrics:
        who = f"its metric {metric.name!r}"
        if not all(isinstance(said, str) for said in (metric.name, metric.column)):
            yield f"{who} must have a name and a column that are text"
        for name, known in (("kind", get_args(Kind)), ("better", ("higher", "lower"))):
            if getattr(metric, name) not in known:
                yield f"{who} has the {name} {getattr(metric, name)!r}; there are: {', '.join(known)}"
        if metric.kind == "percentile" and not (isinstance(metric.q, int | float) and 0 < metric.q < 100):
            yield f"{who} is a percentile and doesn't say which: `q`, between 0 and 100, is {metric.q!r}"
        if metric.kind == "ratio_of_means" and not isinstance(metric.over, str):
            yield f"{who} is a ratio of means and doesn't say to which column: `over` is {metric.over!r}"
        if metric.kind == "corpus" and metric.statistic not in STATISTICS:
            yield f"{who} is of a corpus and has the `statistic` {metric.statistic!r}; there are: {', '.join(STATISTICS)}"
        elif metric.kind == "corpus" and len(metric.also) + 1 != (needs := STATISTICS[metric.statistic].columns):
            yield f"{who} names {len(metric.also) + 1} columns (`column` and `also`), where {metric.statistic} reads {needs}"
        if metric.gap is not None and not isinstance(metric.gap, str):
            yield f"{who} has the `gap` {metric.gap!r}; it is a column's name"
        if metric.limits is not None and not _are_limits(metric.limits):
            yield f"{who} has the `limits` {metric.limits!r}; they are two numbers, the lower one first"
    names = [metric.name for metric in metrics]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"two of its metrics are called {twice[0]!r}"


def _are_limits(given: Any) -> bool:
    if not isinstance(given, tuple | list) or len(given) != len(("low", "high")):
        return False
    numbers = all(isinstance(one, int | float) and math.isfinite(one) for one in given)
    return numbers and given[0] < given[1] and math.isfinite(given[1] - given[0])


def _rule_problems(rules: Any) -> Iterator[str]:
    yield from _mislisted("rules", rules, Rule, "Rule(name, summary)")
    for rule in rules:
        if not all(isinstance(said, str) for said in (rule.name, rule.summary)):
            yield f"the name and the summary of its rule {rule.name!r} must be text"
        if rule.action not in ACTIONS:
            yield f"its rule {rule.name!r} has the action {rule.action!r}; there are: {', '.join(ACTIONS)}"
    names = [rule.name for rule in rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"two of its rules are called {twice[0]!r}"


def _mislisted(name: str, listed: Any, kind: type, example: str) -> Iterator[str]:
    if not isinstance(listed, tuple | list):
        yield f"its `{name}` is a {type(listed).__name__}, not a tuple; of one: `{name}=({example},)`"
        return
    for one in listed:
        if not isinstance(one, kind):
            yield f"its `{name}` hold a {type(one).__name__}, not a {kind.__name__}: `{name}=({example},)`"


def _capability_problems(name: str, given: Any) -> Iterator[str]:
    for capability in given:
        if capability not in get_args(Capability):
            yield f"its `{name}` name {capability!r}; capabilities are: {', '.join(get_args(Capability))}"
