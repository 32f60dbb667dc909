"""A portrait: what can be said of a component before it is built. Its options, rules and metrics, and who brings it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.data.findings import Rule
from seatrial.evaluation.scores import Metric
from seatrial.plugin.component import FilterComponent, MeasuringComponent
from seatrial.plugin.host import Provided
from seatrial.plugin.kinds import KINDS, Kind
from seatrial.suite.catalogue import USED_KINDS, Catalogue
from seatrial.suite.keys import RESERVED
from seatrial.suite.options import Reserved, option_model, validate_options

__all__ = ["Option", "Portrait", "portraits"]


@dataclass(frozen=True, slots=True)
class Option:
    """One key that a suite may give."""

    name: str
    type: str
    """What it takes, in words: `whole number ≥ 1 or null`."""
    required: bool
    default: object
    """A JSON value; None where the option is required."""
    summary: str


@dataclass(frozen=True, slots=True)
class Portrait:
    """All that is known of a component before it is built."""

    kind: Kind
    provided: Provided
    options: tuple[Option, ...]
    beside: tuple[Option, ...]
    """Keys that mean the same for every component of its kind."""
    metrics: tuple[Metric, ...] | None
    """With default options; None where these are not enough to tell."""

    @property
    def name(self) -> str:
        """The component's."""
        return str(self.provided.component.name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What it looks for, where it is a filter."""
        component = self.provided.component
        return component.rules if isinstance(component, FilterComponent) else ()


def portraits(catalogue: Catalogue, name: str) -> list[Portrait]:
    """Every component of that name: kinds have names of their own, so a reader and a report may share one.

    Raises:
        PluginError: a builder cannot be described.
    """
    found = ((kind, catalogue.find(kind, name)) for kind in KINDS)
    return [_portrait(catalogue, kind, provided) for kind, provided in found if provided is not None]


def _portrait(catalogue: Catalogue, kind: Kind, provided: Provided) -> Portrait:
    component = provided.component
    reserved = RESERVED.get(kind, Reserved)
    schema = option_model(component, reserved).model_json_schema()
    beside = {field.alias or name for name, field in reserved.model_fields.items()}
    properties = dict(schema.get("properties", {}))
    for option, use in component.uses.items():
        if option in properties and use.kind in USED_KINDS:
            names = catalogue.names(USED_KINDS[use.kind])
            properties[option] |= {"enum": names, "anyOf": None}
    required = set(schema.get("required", ()))
    options = [
        Option(
            name,
            _words(said, schema.get("$defs", {})),
            name in required,
            said.get("default"),
            said.get("description", ""),
        )
        for name, said in properties.items()
    ]
    return Portrait(
        kind,
        provided,
        tuple(option for option in options if option.name not in beside),
        tuple(option for option in options if option.name in beside),
        _metrics(catalogue, provided),
    )


def _metrics(catalogue: Catalogue, provided: Provided) -> tuple[Metric, ...] | None:
    component = provided.component
    if not isinstance(component, MeasuringComponent):
        return ()
    if not callable(component.metrics):
        return component.metrics
    try:
        return tuple(component.metrics_for(validate_options(component, {}, catalogue)))
    except Exception:  # noqa: BLE001 - a plugin's own function, asked without the options that it may need
        return None


_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A JSON Schema in words."""
    if "$ref" in schema:
        keys = definitions[schema["$ref"].rpartition("/")[2]].get("properties", {})
        return f"{{{', '.join(keys)}}}"
    if "enum" in schema or "const" in schema:
        return " | ".join(_plain(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_words(part, definitions) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        of = _words(schema["items"], definitions) if schema.get("items") else ""
        return f"list of {of}" if of else "list"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
        return f"mapping of names to {_words(values, definitions)}" if isinstance(values, Mapping) else "mapping"
    bounds = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS.items() if key in schema]
    return " ".join([_TYPES.get(str(schema.get("type")), "anything"), " and ".join(bounds)]).strip()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
