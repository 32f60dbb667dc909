"""Checks the scorers of a suite, the metrics that they will produce, and the gates that hold these."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeGuard

from seatrial.errors import did_you_mean
from seatrial.evaluation.scores import Metric
from seatrial.evaluation.system import SystemKind
from seatrial.plugin.component import GateComponent, ScorerComponent
from seatrial.plugin.host import Provided
from seatrial.suite.complaints import listed, shown
from seatrial.suite.component_check import ComponentCheck, known_keys
from seatrial.suite.keys import GateKeys, ScorerKeys
from seatrial.suite.parts import Chosen, Data
from seatrial.suite.yaml_lines import KeyPath

__all__ = ["GateCheck", "ScorerCheck"]

_SYSTEMS: tuple[SystemKind, ...] = ("tuned", "base", "fewshot", "baseline")

_SHARE = (0.0, 1.0)


class ScorerCheck:
    """The suite's scorers, and the metrics that they will produce."""

    def __init__(
        self,
        check: ComponentCheck,
        *,
        produced: Mapping[str, tuple[Metric, ...]],
        tuned: bool,
        fewshot: int,
        baselines: Sequence[Any] | None,
        data: Data | None,
        loader: str | None,
    ) -> None:
        self._check = check
        self._produced = produced
        self._tuned = tuned
        self._fewshot = fewshot
        self._baselines = check.catalogue.names("baselines") if baselines is None else baselines
        self._data = data
        self._loader = check.catalogue.find("models", loader) if loader else None
        self.metrics: dict[str, tuple[Metric, ...] | None] = {}
        """Alias → its metrics; None where a mistake in its options leaves them unknown."""
        self.systems: dict[str, tuple[SystemKind, ...]] = {}
        self.whole = True
        """False where an entry is so wrong that its alias is unknown: then no metric can be called unknown."""

    @property
    def subject(self) -> SystemKind:
        """The system on trial."""
        return "tuned" if self._tuned else "base"

    def read(self, given: Sequence[Any]) -> tuple[Chosen, ...]:
        """The scorers of the suite's `score:`."""
        found: list[Chosen] = []
        aliases: set[str] = set()
        for index, entry in enumerate(given):
            here: KeyPath = ("score", index)
            named = self._check.entry("scorers", entry, here)
            if not named:
                self.whole = False
                continue
            component, keys, inner = named
            read = self._check.options(component, keys, ScorerKeys, inner)
            if not read:
                said = keys.get("as")
                known = None if callable(component.metrics) else component.metrics
                self.metrics[said if isinstance(said, str) else component.name] = known
                continue
            options, reserved = read
            alias = self._check.alias("scorers", reserved.alias, component.name, aliases, inner)
            self._reserved_name(alias, inner)
            systems = self._systems(reserved.systems, component, (*inner, "systems"))
            self._able(component, systems, inner)
            self._asks_rows(component, reserved, inner)
            if component.brings_rows:
                self._refuse_beside_own_rows(component, reserved, inner)
            else:
                self._set(reserved.on, (*inner, "on"))
            if reserved.fewshot and (self._data is None or self._data.train is None):
                self._check.complain((*inner, "fewshot"), "there are no train rows to take examples of; leave it out")
            self.metrics[alias] = self._produced.get(alias) or self._check.metrics(component, options, inner)
            self.systems[alias] = systems
            found.append(
                Chosen(
                    kind="scorers",
                    name=component.name,
                    alias=alias,
                    options=options,
                    line=self._check.line_of(here),
                    systems=systems,
                    samples=reserved.samples,
                    on=reserved.on,
                    fewshot=reserved.fewshot,
                )
            )
        return tuple(found)

    def named(self, alias: str) -> list[str]:
        """What the systems that a scorer scores are called in scores and gates."""
        scored = self.systems.get(alias, ())
        names: list[str] = [name for name in ("tuned", "base") if name in scored]
        if "fewshot" in scored:
            names += [f"base-{self._fewshot}shot"]
        if "baseline" in scored:
            names += [name for entry in self._baselines for name in _called(entry)]
        return names

    def _asks_rows(self, component: ScorerComponent[Any], reserved: ScorerKeys, path: KeyPath) -> None:
        """Whether keys that say which rows are asked, and how, say it of a probe that asks rows."""
        probe = self._check.catalogue.find("probes", component.probe)
        if probe is not None and not probe.component.asks_rows:
            plain = ScorerKeys()
            for key in ("samples", "on", "fewshot"):
                if getattr(reserved, key) != getattr(plain, key):
                    self._check.complain(
                        (*path, key), f"'{component.name}' asks no rows, so it changes nothing; leave it out"
                    )

    def _refuse_beside_own_rows(self, component: ScorerComponent[Any], reserved: ScorerKeys, path: KeyPath) -> None:
        plain = ScorerKeys()
        for key in ("samples", "on", "fewshot"):
            if getattr(reserved, key) != getattr(plain, key):
                self._check.complain(
                    (*path, key), f"'{component.name}' brings its rows itself, so it changes nothing; leave it out"
                )

    def _reserved_name(self, alias: str, path: KeyPath) -> None:
        if alias in {name.partition("/")[0] for name in self._check.extra_metrics}:
            self._check.complain(
                path, f"'{alias}/…' are the run's own metrics; give this scorer another name with `as:`"
            )

    def _systems(
        self, given: Sequence[SystemKind] | None, component: ScorerComponent[Any], path: KeyPath
    ) -> tuple[SystemKind, ...]:
        """What is asked: the suite's choice, else the system on trial and, where it is comparable, its rivals."""
        classifies = "classifies" in self._needs(component)
        reasons = {
            "tuned": None
            if self._tuned
            else "the suite has no tuned model: it has neither `train` nor `model.adapter`",
            "fewshot": f"'{component.name}' brings its rows, and what stands before them"
            if component.brings_rows
            else None
            if self._fewshot
            else "the suite says `fewshot: 0`",
            "baseline": None
            if classifies and self._baselines
            else f"'{component.name}' cannot score baselines"
            if not classifies
            else "the suite has no baseline",
        }
        if given is not None:
            for name in dict.fromkeys(given):
                if reason := reasons.get(name):
                    self._check.complain(path, f"'{name}' cannot be scored: {reason}")
            return tuple(name for name in _SYSTEMS if name in given)
        wanted = _SYSTEMS if component.comparable else (self.subject,)
        return tuple(name for name in wanted if not reasons.get(name))

    def _needs(self, component: ScorerComponent[Any]) -> frozenset[str]:
        """The capabilities of which its probe asks one."""
        probe = self._check.catalogue.find("probes", component.probe)
        return probe.component.needs if probe else frozenset()

    def _able(self, component: ScorerComponent[Any], systems: Sequence[SystemKind], path: KeyPath) -> None:
        """Whether the model's loader provides what the scorer's probe needs."""
        probe = self._check.catalogue.find("probes", component.probe)
        if probe is None:
            names = listed(self._check.catalogue.names("probes"))
            self._check.complain(
                path, f"the scorer '{component.name}' reads transcripts of the probe '{component.probe}', which no plugin brings; "
                f"there are: {names}"
            )  # fmt: skip
            return
        loader: Provided | None = self._loader
        if loader is None or not set(systems) - {"baseline"}:
            return
        needs, provides = probe.component.needs, loader.component.provides
        if needs and not needs & provides:
            self._check.complain(
                path,
                f"the scorer '{component.name}' needs a model that {_either(needs)}; the model loader "
                f"'{loader.component.name}' provides: {listed(sorted(provides)) or 'nothing'}",
            )

    def _set(self, name: str, path: KeyPath) -> None:
        """Whether there is an evaluation set of that name."""
        data = self._data
        if data is None or not data.files:
            return
        if name not in data.sets:
            self._check.complain(
                path,
                f"there is no evaluation set {shown(name)}{did_you_mean(name, data.sets)}; there are: {listed(data.sets)}",
            )
        elif name == "validation" and data.validation is None and not data.split.validation:
            said = "the suite has no validation rows; give `data.split.validation` or `data.validation`"
            self._check.complain(path, said)
        elif name == "test" and data.test is None and not data.split.test:
            said = "the suite has no test rows; give `data.split.test` or `data.test`"
            sets = listed([f"`on: {other}`" for other in data.tests])
            self._check.complain(path, f"{said}{f', or ask another set: {sets}' if data.tests else ''}")
        elif name == "train" and data.train is None:
            self._check.complain(path, "the suite has no train rows")


class GateCheck:
    """The suite's gates, held against the metrics that its scorers produce."""

    def __init__(self, check: ComponentCheck, scorers: ScorerCheck) -> None:
        self._check = check
        self._scorers = scorers

    def read(self, given: Sequence[Any]) -> tuple[Chosen, ...]:
        """The gates of the suite's `gates:`."""
        return tuple(
            chosen for index, entry in enumerate(given) if (chosen := self._gate(entry, ("gates", index))) is not None
        )

    def _gate(self, given: Any, path: KeyPath) -> Chosen | None:
        if not isinstance(given, dict):
            self._check.complain(
                path,
                f"{shown(given)} is not a gate; a gate is a mapping, such as `{{metric: choice/accuracy, min: 0.8}}`",
            )
            return None
        if isinstance(given.get("metric"), str):
            self._metric(given["metric"], (*path, "metric"))
        name = self._name(given, path)
        component = self._check.component("gates", name, (*path, "gate") if "gate" in given else path) if name else None
        if component is None:
            self._check.keys(GateKeys, known_keys(given, GateKeys), path)
            return None
        read = self._check.options(component, given, GateKeys, path)
        self._together(component, read[0] if read else given, given, path)
        if not read:
            return None
        options, keys = read
        if {"min", "max"} <= options.keys() and options["min"] is None and options["max"] is None:
            self._check.complain(path, "has no bound; give `min`, `max` or both, or a `baseline` to compare with")
        return Chosen(
            kind="gates",
            name=name,
            alias=keys.metric,
            options=options,
            line=self._check.line_of(path),
            metric=keys.metric,
            severity=keys.severity,
        )

    def _name(self, given: Mapping[str, Any], path: KeyPath) -> str:
        """The gate that an entry names, or means by its keys; "" and a complaint where it means none, or two."""
        if isinstance(named := given.get("gate"), str):
            return named
        catalogue = self._check.catalogue
        implied = {
            name: provided.component.implied_by
            for name in catalogue.names("gates")
            if (provided := catalogue.find("gates", name)) and provided.component.implied_by
        }
        meant = [name for name, keys in implied.items() if keys & given.keys()]
        if len(meant) == 1:
            return meant[0]
        every = listed([f"`{key}`" for keys in implied.values() for key in sorted(keys)])
        said = f"means several gates ({listed(meant)})" if meant else "has no bound"
        self._check.complain(path, f"{said}; give one of {every}, or name the gate: `gate: …`")
        return ""

    def _metric(self, name: str, path: KeyPath) -> None:
        """Whether the metric is one that the run will have."""
        scorers, extra = self._scorers, self._check.extra_metrics
        alias, slash, rest = name.partition("/")
        produced = scorers.metrics.get(alias, ())
        if name in extra or not scorers.whole or produced is None or rest in {metric.name for metric in produced}:
            return
        known = [f"{of}/{metric.name}" for of, metrics in scorers.metrics.items() for metric in metrics or ()]
        hint = did_you_mean(name, [*known, *extra])
        if produced:
            there = f"'{alias}' produces: {listed([metric.name for metric in produced])}"
        elif slash and any(other.startswith(f"{alias}/") for other in extra):
            there = f"there are: {listed([other for other in extra if other.startswith(f'{alias}/')])}"
        else:
            there = f"its scorers produce: {listed(known)}"
        self._check.complain(path, f"nothing in the suite produces {shown(name)}{hint}; {there}")

    def _together(
        self, component: GateComponent[Any], options: Mapping[str, Any], given: Mapping[str, Any], path: KeyPath
    ) -> None:
        """Whether the options go together: as far as can be told, where one of them is wrong by itself."""
        low, high = options.get("min"), options.get("max")
        if _is_number(low) and _is_number(high) and low > high:
            self._check.complain((*path, "min"), f"min {low:g} is greater than max {high:g}; no score can be both")
        if component.implied_by and isinstance(given.get("metric"), str):
            limits = self._limits(given["metric"])
            shown = self._is_share(given["metric"]) and options.get("on", "bound") != "point"
            self._within_limits(given["metric"], limits, {"min": low, "max": high}, path, shown=shown)
            self._within_reach(given["metric"], limits, options.get("margin"), path)
            metric = self._descriptor(given["metric"])
            if metric is not None and metric.kind == "corpus" and given.get("severity") != "info":
                said = (
                    f"{given['metric']} is one number of all rows, whose bounds a bootstrap draws; they do not keep a gate's promise, so it may "
                    "not decide: accepted with `severity: info`; a metric of each row (accuracy, brier, bleu) may"
                )
                self._check.complain((*path, "metric"), said)
            if given.get("severity") != "info":
                self._on_the_right_side(given["metric"], low, high, path)
        if options.get("on") == "point" and given.get("severity") != "info":
            said = "'point' ignores chance, so it may not decide: accepted with `severity: info` only"
            self._check.complain((*path, "on"), said)
        if isinstance(given.get("metric"), str):
            self._systems(given["metric"], options, path)
            if component.implied_by:
                self._names(given["metric"], options, path)

    def _is_share(self, name: str) -> bool:
        """Whether a metric is a share of samples: its bounds never reach 0 or 1."""
        metric = self._descriptor(name)
        return metric is not None and metric.kind == "proportion"

    def _limits(self, name: str) -> tuple[float, float] | None:
        """The smallest and largest value that a metric can have; None where that is not known."""
        metric = self._descriptor(name)
        if metric is None:
            return None
        if metric.kind == "ratio_of_means":  # whose limits are those of its columns
            return (-math.inf, 1.0) if metric.limits is not None and metric.limits[0] >= 0 else None
        return _SHARE if metric.kind == "proportion" else metric.limits

    def _within_limits(
        self,
        name: str,
        limits: tuple[float, float] | None,
        bounds: Mapping[str, object],
        path: KeyPath,
        *,
        shown: bool,
    ) -> None:
        """Whether a score can be on either side of the bounds: `min: 75` is a slip for 0.75, and so is `max: 5` for 0.05.

        Limits other than those of shares may be options of the suite, such as a budget: bounds beyond them that any score
        meets are no slip. At the limits of a share, `min: 0` and `max: 1` hold nothing,
        and `min: 1` and `max: 0` are beyond what its bounds can show.
        """
        if not limits:
            return
        low, high = limits
        for option, bound in bounds.items():
            if not _is_number(bound):
                continue
            if limits == _SHARE and shown and bound == (high if option == "min" else low):
                side = (
                    "lower bound of a share stays below 1"
                    if option == "min"
                    else "upper bound of a share stays above 0"
                )
                near = (
                    "0.99 takes 299 rows, all of them right" if option == "min" else "0.01 takes 299 rows, none of them"
                )
                self._check.complain(
                    (*path, option),
                    f"{bound:g} can never be met: the one-sided 95% {side}, however many rows there are; {near}",
                )
                continue
            if bound > high if option == "min" else bound < low:
                said = "can never be met"
            elif high in (1, math.inf) and (bound <= low if option == "min" else bound >= high):
                said = "is met by any score"
            else:
                continue
            percent = _as_percent(bound) if high == 1 and bound > 0 else ""
            self._check.complain(
                (*path, option),
                f"{bound:g} {said}: {name} "
                + (f"is never below {low:g}" if high == math.inf else f"lies between {low:g} and {high:g}{percent}"),
            )

    def _within_reach(self, name: str, limits: tuple[float, float] | None, margin: object, path: KeyPath) -> None:
        """Whether two scores can be further apart than the margin: `margin: 2` is a slip for 0.02."""
        if limits != _SHARE or not _is_number(margin) or abs(margin) < 1:
            return
        said = "can never be met" if margin < 0 else "is met by any score"
        self._check.complain(
            (*path, "margin"), f"{margin:g} {said}: two scores of {name} are at most 1 apart{_as_percent(margin)}"
        )

    def _on_the_right_side(self, name: str, low: object, high: object, path: KeyPath) -> None:
        """Whether a lone floor keeps what is bad out: on a share of attacks that succeed, it lets just the worst pass.

        A lone ceiling where more is better may be meant: what is too good to be true was leaked.
        """
        metric = self._descriptor(name)
        if metric is not None and metric.better == "lower" and _is_number(low) and not _is_number(high):
            self._check.complain(
                (*path, "min"),
                f"less of {name} is better, and a floor lets only what is worse pass; give `max: {low:g}` if that was meant, "
                "both bounds for a range, or `severity: info` to show it",
            )

    def _descriptor(self, name: str) -> Metric | None:
        """What is known of the metric of that full name."""
        alias, _, rest = name.partition("/")
        produced = self._scorers.metrics.get(alias) or ()
        return self._check.extra_metrics.get(name) or next((m for m in produced if m.name == rest), None)

    def _systems(self, metric: str, options: Mapping[str, Any], path: KeyPath) -> None:
        """Whether the metric's scorer scores the systems that the gate reads."""
        alias = metric.partition("/")[0]
        scored: tuple[str, ...] = self._scorers.systems.get(alias, ())
        # Of any type, where the suite is wrong.
        read = [options.get("system") or self._scorers.subject, options.get("baseline")]
        for system in ("tuned", "base"):
            if scored and system in read and system not in scored:
                said = f"reads the score of '{system}', which '{alias}' does not score; it scores: {listed(scored)}"
                self._check.complain(path, said)

    def _names(self, metric: str, options: Mapping[str, Any], path: KeyPath) -> None:
        """Whether there is a system of the name that the gate reads."""
        alias = metric.partition("/")[0]
        scored, named = self._scorers.systems.get(alias, ()), self._scorers.named(alias)
        for option in ("system", "baseline"):
            name = options.get(option)
            if not scored or not isinstance(name, str) or name in {"tuned", "base"} or ":" in name or name in named:
                continue
            if "fewshot" in scored and re.fullmatch(r"base-\d+shot", name):
                continue  # of fewer examples, where train has no more
            said = f"{shown(name)} is no system that '{alias}' scores{did_you_mean(name, named)}; it scores: {listed(named)}"
            self._check.complain((*path, option), said)


_DOES = {
    "scores": "scores given answers (log-likelihoods)",
    "generates": "generates text",
    "samples": "draws several answers",
    "classifies": "classifies",
    "times": "can be timed",
}
"""Capability → what a model with it does, in a sentence."""


def _either(needs: Collection[str]) -> str:
    return " or ".join(_DOES.get(one, one) for one in sorted(needs))


def _called(entry: Any) -> list[str]:
    """What an entry of `baselines:` names; nothing where it is none."""
    if isinstance(entry, str):
        return [entry]
    return [name for name in entry if isinstance(name, str)] if isinstance(entry, Mapping) else []


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_percent(bound: float) -> str:
    """What a bound of a share would be, if it was meant as a percentage."""
    return f"; {bound:g}% is {bound / 100:g}" if 1 < abs(bound) <= 100 else ""
