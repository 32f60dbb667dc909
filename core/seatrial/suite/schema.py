"""The JSON Schema of suite files: editors complete the names of components and their options from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from seatrial.plugin.component import Component, GateComponent, LoaderComponent
from seatrial.plugin.kinds import KIND_TABLE, Kind
from seatrial.suite.catalogue import USED_KINDS, Catalogue
from seatrial.suite.engine_keys import ENGINES
from seatrial.suite.keys import RESERVED, DataFileKeys, DataKeys, ModelKeys, Split, SuiteKeys
from seatrial.suite.options import option_model
from seatrial.suite.search_keys import ChoicesKeys, RangeKeys, SearchKeys

__all__ = ["suite_schema"]


_TRIED: Mapping[str, type[BaseModel]] = {"search.range": RangeKeys, "search.choices": ChoicesKeys}
_SEARCH: Mapping[str, type[BaseModel]] = {"search": SearchKeys, **_TRIED}


def suite_schema(catalogue: Catalogue) -> dict[str, Any]:
    """The schema (draft 2020-12), with the options of every component in `catalogue`."""
    return _Schema(catalogue).whole()


class _Schema:
    def __init__(self, catalogue: Catalogue) -> None:
        self._components: dict[tuple[Kind, str], Component[Any]] = {}
        for kind in RESERVED:
            for name in catalogue.names(kind):
                provided = catalogue.find(kind, name)
                if provided is not None:
                    self._components[kind, name] = provided.component
        self._definitions: dict[str, Any] = {}

    def whole(self) -> dict[str, Any]:
        """The suite's own keys, with what components may stand in each place."""
        models = {_key(kind, name): option_model(c, RESERVED[kind]) for (kind, name), c in self._components.items()}
        engines: dict[str, type[BaseModel]] = {f"engine.{name}": keys for name, keys in ENGINES.items()}
        self._definitions = _definitions(
            {
                "suite": SuiteKeys,
                "data": DataKeys,
                "data-file": DataFileKeys,
                "split": Split,
                **_SEARCH,
                **engines,
                **models,
            }
        )
        for (kind, name), component in self._components.items():
            self._fill(kind, name, component, self._definitions[_key(kind, name)])
        file = self._definitions["data-file"]["properties"]
        file["reader"] = _one_of(file["reader"], [*self._named("readers"), {"type": "null"}])
        data = self._definitions["data"]["properties"]
        data["engine"] = _one_of(data["engine"], _engines())
        suite = self._definitions.pop("suite")
        suite["required"].remove("model")  # `seatrial data` does without; `run` and `check` ask for it
        keys = suite["properties"]
        keys["data"] = _one_of(keys["data"], [{"$ref": "#/$defs/data"}])
        keys["model"] = _one_of(keys["model"], self._refs("models"))
        keys["train"] = _one_of(keys["train"], [*self._refs("methods"), {"type": "null"}])
        keys["search"] = _one_of(keys["search"], [{"$ref": "#/$defs/search"}, {"type": "null"}])
        searched: list[dict[str, Any]] = [{"type": "array"}, *({"$ref": f"#/$defs/{name}"} for name in _TRIED)]
        self._definitions["search"]["properties"]["over"]["additionalProperties"] = {"anyOf": searched}
        keys["gates"]["items"] = {"anyOf": self._refs("gates")}
        keys["filters"]["items"] = {"anyOf": self._named("filters")}
        keys["score"]["items"] = {"anyOf": self._named("scorers")}
        keys["report"]["items"] = {"anyOf": self._named("reports")}
        keys["tracking"]["items"] = {"anyOf": self._named("trackers")}
        listed = {"type": "array", "items": {"anyOf": self._named("baselines")}}
        keys["baselines"] = _one_of(keys["baselines"], [listed, {"type": "null"}])
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **suite,
            "title": "A seatrial suite",
            "$defs": dict(sorted(self._definitions.items())),
        }

    def _fill(self, kind: Kind, name: str, component: Component[Any], definition: dict[str, Any]) -> None:
        """Say in a component's definition what pydantic cannot know: its summary, its own name, and what it uses."""
        definition["title"] = f"{KIND_TABLE[kind].word} {name}"
        definition["description"] = component.summary
        properties = definition.get("properties", {})
        for option, use in component.uses.items():
            if option in properties and use.kind in USED_KINDS:
                choices = [*self._named(USED_KINDS[use.kind]), {"type": "null"}]
                properties[option] = _one_of(properties[option], choices)
        if kind == "methods":
            properties["method"] = _one_of(properties["method"], [{"const": name}])
        elif kind == "gates":
            inferred = [{"type": "null"}] if isinstance(component, GateComponent) and component.implied_by else []
            properties["gate"] = _one_of(properties["gate"], [{"const": name}, *inferred])
            if not inferred:
                definition["required"] = [*definition.get("required", []), "gate"]
        elif kind == "models":
            self._fill_loader(name, component, definition)

    def _fill_loader(self, name: str, component: Component[Any], definition: dict[str, Any]) -> None:
        """A loader's options stand beside the model's keys or below the loader's name, so none is required beside."""
        properties = definition["properties"]
        own = {key: value for key, value in properties.items() if key not in ModelKeys.model_fields}
        below = {"type": ["object", "null"], "properties": own, "additionalProperties": False}
        nested = {"type": "object", "required": [name], "maxProperties": 1, "properties": {name: below}}
        implied = isinstance(component, LoaderComponent) and bool(component.schemes)
        unnamed = [{"type": "null"}] if implied else []
        properties["loader"] = _one_of(properties["loader"], [{"const": name}, nested, *unnamed])
        definition["required"] = ["source"] if implied else ["source", "loader"]

    def _refs(self, kind: Kind) -> list[dict[str, Any]]:
        found = [{"$ref": f"#/$defs/{_key(of, name)}"} for of, name in self._components if of == kind]
        return found or [{"not": {}}]

    def _named(self, kind: Kind) -> list[dict[str, Any]]:
        """`name` or `{name: options}`, for every component of a kind."""
        components = {name: component for (of, name), component in self._components.items() if of == kind}
        if not components:
            return [{"not": {}}]
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


def _engines() -> list[dict[str, Any]]:
    """`name` or `{name: options}`, for every engine."""
    options = {name: {"anyOf": [{"$ref": f"#/$defs/engine.{name}"}, {"type": "null"}]} for name in ENGINES}
    mapping = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False}
    return [{"enum": sorted(ENGINES)}, mapping | {"properties": options}]


def _key(kind: Kind, name: str) -> str:
    return f"{kind}.{name}"


def _definitions(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Every model's schema under the name that it has in `models`."""
    refs, schema = models_json_schema([(model, "validation") for model in models.values()])
    # pydantic tells models of one name apart by their modules; here kind and name say it in fewer words.
    names = {refs[model, "validation"]["$ref"]: name for name, model in models.items()}

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        return {
            key: f"#/$defs/{names[entry]}" if key == "$ref" and reference in names else renamed(entry)
            for key, entry in value.items()
        }

    return {
        names.get(f"#/$defs/{name}", name): renamed(definition) for name, definition in schema.get("$defs", {}).items()
    }


def _one_of(prop: Mapping[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    """A property that keeps its description and default, and accepts any of `choices`."""
    kept = {key: prop[key] for key in ("description", "default") if key in prop}
    return kept | {"anyOf": choices}
