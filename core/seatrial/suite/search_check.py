"""Checks the `search:` of a suite against the options of its training method; nothing is built."""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.errors import did_you_mean
from seatrial.plugin.component import Component
from seatrial.suite.complaints import listed, shown
from seatrial.suite.component_check import ComponentCheck
from seatrial.suite.keys import TrainKeys
from seatrial.suite.options import OptionsError, option_model, read_options
from seatrial.suite.parts import Chosen, Data
from seatrial.suite.search_keys import ChoicesKeys, RangeKeys, SearchKeys
from seatrial.suite.search_parts import Search, Searched
from seatrial.suite.yaml_lines import KeyPath

__all__ = ["read_search"]

_OVER: KeyPath = ("search", "over")


def read_search(
    check: ComponentCheck, given: Mapping[str, Any], train: Chosen | None, data: Data | None
) -> Search | None:
    """The search that a suite asks for, or None and complaints.

    Args:
        check: hears what is wrong.
        given: the keys below `search:`.
        train: the suite's training, None where it has none or that is wrong.
        data: the suite's rows, None where they are wrong.
    """
    keys = check.keys(SearchKeys, given, ("search",))
    if data is not None and data.validation is None and not data.split.validation:
        check.complain(
            ("search",),
            "there are no validation rows to choose by; hold some out (`data: {split: {validation: 0.1}}`) or name "
            "`data.validation`",
        )
    if keys is None or train is None:
        return None
    if keys.finalists > keys.trials:
        check.complain(
            ("search", "finalists"), f"{keys.finalists} finalists of {keys.trials} trials; there can be at most as many"
        )
    provided = check.catalogue.find("methods", train.name)
    assert provided is not None  # `train` was read
    before = len(check.complaints)
    reading = _Reading(check, provided.component, train)
    found = [one for name, said in keys.over.items() if (one := reading.option(name, said)) is not None]
    reading.conditions(found)
    if keys.sampler == "gp" and any(one.when for one in found):
        check.complain(
            ("search", "sampler"), "a Gaussian process draws no options with conditions (`when`); say tpe, or auto"
        )
    if len(check.complaints) > before:
        return None
    # A condition is decided before what hangs on it is drawn.
    found.sort(key=lambda one: bool(one.when))
    return Search(
        tuple(found), keys.trials, keys.share, keys.finalists, keys.at_once, keys.sampler, keys.pruner, keys.memory
    )


class _Reading:
    """The options of one search, one by one."""

    def __init__(self, check: ComponentCheck, component: Component[Any], train: Chosen) -> None:
        self._check = check
        self._component = component
        self._train = train
        model = option_model(component, TrainKeys)
        reserved = TrainKeys.model_fields.keys()
        self._types = {
            field.alias or name: field.annotation for name, field in model.model_fields.items() if name not in reserved
        }

    def option(self, name: str, given: Any) -> Searched | None:
        """What is to be tried of one option."""
        path = (*_OVER, name)
        if name not in self._types:
            hint = did_you_mean(name, self._types) or f"; it has: {listed(list(self._types))}"
            self._check.complain(path, f"the method '{self._train.name}' has no option {shown(name)}{hint}")
            return None
        fixed: Mapping[str, str] = getattr(self._component, "unsearchable", {})
        if name in fixed:
            self._check.complain(path, f"values of {name} cannot be searched: {fixed[name]}; say one under `train:`")
            return None
        if isinstance(given, list):
            given = {"choices": given}
        if not isinstance(given, dict):
            self._check.complain(
                path, f"{shown(given)} says no values to try; write a list of them, or a range: {{min: …, max: …}}"
            )
            return None
        if "choices" in given:
            choices = self._check.keys(ChoicesKeys, given, path)
            return None if choices is None else self._choices(name, choices, path)
        span = self._check.keys(RangeKeys, given, path)
        return None if span is None else self._range(name, span, path)

    def _range(self, name: str, span: RangeKeys, path: KeyPath) -> Searched | None:
        kinds = _kinds(self._types[name])
        if not kinds & {int, float} or bool in kinds:
            self._check.complain(path, f"{name} takes no range of numbers; list the values to try: `{name}: […]`")
            return None
        before = len(self._check.complaints)
        if span.min >= span.max:
            self._check.complain(path, f"`min` is {span.min:g} and `max` {span.max:g}: the lower bound comes first")
        if span.log and min(span.min, span.max) <= 0:
            low = "min" if span.min <= span.max else "max"
            self._check.complain(
                (*path, low), f"{getattr(span, low):g} has no logarithm; raise it above 0, or leave `log` out"
            )
        for bound in ("min", "max"):
            self._holds(name, getattr(span, bound), (*path, bound))
        if len(self._check.complaints) > before:
            return None
        whole = float not in kinds
        return Searched(
            name, "integer" if whole else "number", span.min, span.max, log=span.log, when=_lists(span.when)
        )

    def _choices(self, name: str, given: ChoicesKeys, path: KeyPath) -> Searched | None:
        before = len(self._check.complaints)
        told = [json.dumps(value, sort_keys=True, default=str) for value in given.choices]
        if len(set(told)) < 2 or len(set(told)) < len(told):
            said = (
                "holds a value twice"
                if len(set(told)) < len(told)
                else "leaves nothing to choose; give two values or more"
            )
            self._check.complain(path, said)
        for place, value in enumerate(given.choices):
            self._holds(name, value, (*path, place))
        if len(self._check.complaints) > before:
            return None
        return Searched(name, "choice", choices=tuple(given.choices), when=_lists(given.when))

    def _holds(self, name: str, value: Any, path: KeyPath) -> None:
        """Whether the method takes a value, as far as its option's type says."""
        if isinstance(value, float) and not math.isfinite(value):
            return self._check.complain(path, f"{shown(value)} is no finite number")
        with_it = {"method": self._train.name, **self._train.options, name: value}
        try:
            read_options(self._component, with_it, self._check.catalogue, TrainKeys)
        except OptionsError as error:
            for complaint in error.complaints:
                self._check.complain(path, complaint.message)
        return None

    def conditions(self, found: Sequence[Searched]) -> None:
        """Whether each condition is on an option that is searched by a list, without a condition of its own."""
        known = {one.name: one for one in found}
        for one in found:
            for name, values in one.when.items():
                path = (*_OVER, one.name, "when", name)
                on = known.get(name)
                if on is None or on.kind != "choice" or on.when or on is one:
                    simple = [
                        other.name for other in found if other.kind == "choice" and not other.when and other is not one
                    ]
                    self._check.complain(
                        path,
                        f"a condition is on an option that is searched by a list and has no condition itself: "
                        f"{listed(simple) if simple else 'none here is'}",
                    )
                elif strange := [value for value in values if value not in on.choices]:
                    self._check.complain(path, f"{shown(strange[0])} is not among the values of {name} that are tried")


def _lists(when: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(values) if isinstance(values, list) else (values,) for name, values in when.items()}


def _kinds(annotation: Any) -> set[Any]:
    """The types of an annotation, without None."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return set().union(*map(_kinds, typing.get_args(annotation)))
    return {annotation} - {type(None)}
