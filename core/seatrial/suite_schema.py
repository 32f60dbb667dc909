"""The JSON Schema of suite files: editors complete the names of components and their options from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from seatrial.catalogue import KIND_WORDS, USED_KINDS, Catalogue
from seatrial.component import Component
from seatrial.host import Kind
from seatrial.options import Reserved, option_model
from seatrial.suite_keys import DataKeys, FilterKeys, GateKeys, ModelKeys, ScorerKeys, SuiteKeys, TrainKeys

__all__ = ["suite_schema"]

_RESERVED: Mapping[Kind, type[Reserved]] = {
    "filters": FilterKeys,
    "scorers": ScorerKeys,
    "gates": GateKeys,
    "trainers": TrainKeys,
    "models": ModelKeys,
    "readers": Reserved,
    "baselines": Reserved,
    "reports": Reserved,
    "encoders": Reserved,
    "detectors": Reserved,
}
"""Kind → what stands beside its components' own options."""


def suite_schema(catalogue: Catalogue) -> dict[str, Any]:
    """The schema (draft 2020-12), with the options of every component in `catalogue`."""
    return _Schema(catalogue).whole()


class _Schema:
    def __init__(self, catalogue: Catalogue) -> None:
        self._components: dict[tuple[Kind, str], Component[Any]] = {}
        for kind in _RESERVED:
            for name in catalogue.names(kind):
                provided = catalogue.find(kind, name)
                if provided is not None:
                    self._components[kind, name] = provided.component
        self._definitions: dict[str, Any] = {}

    def whole(self) -> dict[str, Any]:
        models = {_key(kind, name): option_model(c, _RESERVED[kind]) for (kind, name), c in self._components.items()}
        refs = self._define({"suite": SuiteKeys, "data": DataKeys, **models})
        for (kind, name), component in self._components.items():
            self._fill(kind, name, component, self._definitions[refs[_key(kind, name)]])
        for file in ("DataFileKeys",):
            self._definitions[file]["properties"]["reader"] |= {"anyOf": [*self._named("readers"), {"type": "null"}]}
            self._definitions[file]["properties"]["reader"].pop("default", None)
        suite = self._definitions.pop(refs["suite"])
        keys = suite["properties"]
        keys["data"] = {"$ref": f"#/$defs/{refs['data']}", "description": keys["data"]["description"]}
        keys["model"] = _one_of(keys["model"], self._refs("models", refs))
        keys["train"] = _one_of(keys["train"], [*self._refs("trainers", refs), {"type": "null"}])
        keys["gates"]["items"] = {"anyOf": self._refs("gates", refs)}
        keys["baselines"] = _one_of(
            keys["baselines"], [{"type": "array", "items": {"anyOf": self._named("baselines")}}, {"type": "null"}]
        )
        for key, kind in (("filters", "filters"), ("score", "scorers"), ("report", "reports")):
            keys[key]["items"] = {"anyOf": self._named(kind)}  # type: ignore[arg-type]  # literals, two lines up
        suite["title"] = "A seatrial suite"
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **suite,
            "$defs": dict(sorted(self._definitions.items())),
        }

    def _define(self, models: Mapping[str, type[BaseModel]]) -> dict[str, str]:
        """Put every model's schema among the definitions, and say under which name each stands."""
        refs, schema = models_json_schema(
            [(model, "validation") for model in models.values()], ref_template="#/$defs/{model}"
        )
        # pydantic names equally called models by their module; a definition is called by kind and name instead.
        found = {key: refs[model, "validation"]["$ref"].rpartition("/")[2] for key, model in models.items()}
        self._definitions = schema["$defs"]
        return found

    def _fill(self, kind: Kind, name: str, component: Component[Any], definition: dict[str, Any]) -> None:
        """Say in a component's definition what pydantic cannot know: its summary, its own name, and what it uses."""
        definition["title"] = f"{KIND_WORDS[kind]} {name}"
        definition["description"] = component.summary
        properties = definition.get("properties", {})
        for option, use in component.uses.items():
            if option in properties:
                choices = [*self._named(USED_KINDS[use.kind]), {"type": "null"}]
                properties[option] = _one_of(properties[option], choices)
        if kind == "trainers":
            properties["method"] = _one_of(properties["method"], [{"const": name}])
        elif kind == "gates":
            inferred = [{"type": "null"}] if name in {"threshold", "difference"} else []
            properties["gate"] = _one_of(properties["gate"], [{"const": name}, *inferred])
            if not inferred:
                definition["required"] = [*definition.get("required", []), "gate"]
        elif kind == "models":
            nested = {"type": "object", "required": [name], "maxProperties": 1}
            properties["loader"] = _one_of(properties["loader"], [{"const": name}, nested])
            if name != "transformers":
                definition["required"] = [*definition.get("required", []), "loader"]

    def _refs(self, kind: Kind, refs: Mapping[str, str]) -> list[dict[str, Any]]:
        return [{"$ref": f"#/$defs/{refs[_key(of, name)]}"} for of, name in self._components if of == kind]

    def _named(self, kind: Kind) -> list[dict[str, Any]]:
        """`name` or `{name: options}`, for every component of a kind."""
        components = {name: component for (of, name), component in self._components.items() if of == kind}
        if not components:
            return [{"enum": []}]
        return [
            {"enum": sorted(components)},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
                "properties": {
                    name: {
                        "description": component.summary,
                        "anyOf": [{"$ref": f"#/$defs/{_key(kind, name)}"}, {"type": "null"}],
                    }
                    for name, component in sorted(components.items())
                },
            },
        ]


def _key(kind: Kind, name: str) -> str:
    return f"{kind}.{name}"


def _one_of(prop: Mapping[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    """A property that keeps its description and default, and accepts any of `choices`."""
    kept = {key: prop[key] for key in ("description", "default") if key in prop}
    return kept | {"anyOf": choices}
