"""Checks components as a suite names them, and remembers every complaint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from seatrial.errors import PluginError
from seatrial.evaluation.scores import Metric
from seatrial.plugin.component import Component, MeasuringComponent
from seatrial.plugin.kinds import Kind
from seatrial.plugin.raised import let_pass
from seatrial.suite.catalogue import Catalogue
from seatrial.suite.complaints import Complaint
from seatrial.suite.options import (
    OptionsError,
    Reserved,
    read_component,
    read_entry,
    read_keys,
    read_options,
    unknown_component,
)
from seatrial.suite.parts import Chosen
from seatrial.suite.yaml_lines import KeyPath

__all__ = ["ComponentCheck", "known_keys"]

R = TypeVar("R", bound=Reserved)
K = TypeVar("K", bound=BaseModel)


class ComponentCheck:
    """The state of one check: complaints so far. A part that is wrong is None, and what it would decide is not judged."""

    def __init__(
        self, catalogue: Catalogue, extra_metrics: Mapping[str, Metric], line_of: Callable[[KeyPath], int]
    ) -> None:
        self.catalogue = catalogue
        self.extra_metrics = dict(extra_metrics)
        """Full name → metrics that no scorer produces: those of every run, and those of the suite's filters."""
        self.line_of = line_of
        self.complaints: list[Complaint] = []

    def complain(self, path: KeyPath, message: str) -> None:
        """Remember what is wrong at a place."""
        self.complaints.append(Complaint(path, message))

    def keys(self, model: type[K], given: Mapping[str, Any], path: KeyPath) -> K | None:
        """The keys of one mapping, or None and complaints."""
        found: list[Complaint] = []
        values = read_keys(model, given, found)
        self.complaints.extend(complaint.below(path) for complaint in found)
        return values if isinstance(values, model) else None

    def options(
        self, component: Component[Any], given: Mapping[str, Any], reserved: type[R], path: KeyPath
    ) -> tuple[dict[str, Any], R] | None:
        """A component's options and the reserved keys beside them, or None and complaints."""
        try:
            options, keys = read_options(component, given, self.catalogue, reserved)
        except OptionsError as error:
            self.complaints.extend(complaint.below(path) for complaint in error.complaints)
            return None
        assert isinstance(keys, reserved)
        return options, keys

    def entry(self, kind: Kind, given: Any, path: KeyPath) -> tuple[Any, dict[str, Any], KeyPath] | None:
        """The component that a list's entry names, its keys, and where they stand."""
        entry = read_entry(kind, given, path, self.complaints)
        if entry is None:
            return None
        name, keys, inner = entry
        component = self.component(kind, name, inner)
        return None if component is None else (component, keys, inner)

    def component(self, kind: Kind, name: str, path: KeyPath) -> Any | None:
        """The component of that name, or None and a complaint."""
        provided = self.catalogue.find(kind, name)
        if provided is None:
            self.complaints.append(unknown_component(kind, name, path, self.catalogue))
            return None
        return provided.component

    def named(self, kind: Kind, given: Sequence[Any], path: KeyPath) -> tuple[Chosen, ...]:
        """Components that are listed by name or as `{name: {options}}`, each at most once."""
        found: dict[str, Chosen] = {}
        for index, entry in enumerate(given):
            here = (*path, index)
            read = read_component(kind, entry, here, self.catalogue, self.complaints)
            if read is None:
                continue
            name, options = read
            if name in found:
                self.complain(here, f"'{name}' is listed twice")
            found[name] = Chosen(kind=kind, name=name, alias=name, options=options, line=self.line_of(here))
        return tuple(found.values())

    def metrics(
        self, component: MeasuringComponent[Any], options: Mapping[str, Any], path: KeyPath
    ) -> tuple[Metric, ...] | None:
        """What the component will produce when built with these options, or None and a complaint."""
        try:
            return tuple(component.metrics_for(options))
        except PluginError as error:
            self.complain(path, str(error))
            return None
        except BaseException as error:  # noqa: BLE001 - a plugin refuses a combination of options in its own way
            let_pass(error)
            self.complain(path, f"these options don't go together: {error}")
            return None

    def alias(self, kind: str, given: str | None, name: str, taken: set[str], path: KeyPath) -> str:
        """What an entry is called; two of a kind cannot be called alike."""
        alias = given or name
        if alias in taken:
            self.complain(path, f"two {kind} are called '{alias}'; give this one another name: `as: {alias}-2`")
        taken.add(alias)
        return alias


def known_keys(given: Mapping[str, Any], reserved: type[Reserved]) -> dict[str, Any]:
    """The reserved keys alone: where a component is unknown, so are its options."""
    names = {field.alias or name for name, field in reserved.model_fields.items()}
    return {key: value for key, value in given.items() if key in names}
