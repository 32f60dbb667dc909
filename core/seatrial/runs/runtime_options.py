"""Runtime options: what a suite says of how a model is asked, which changes no answer, and so no key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from seatrial.plugin.component import Component
from seatrial.plugin.kinds import Kind
from seatrial.suite.catalogue import Catalogue
from seatrial.suite.options import asked_model

__all__ = ["asks_alike", "runtime_of", "without_runtime"]

_LISTS: Mapping[Kind, str] = {"scorers": "score", "filters": "filters", "baselines": "baselines"}
"""Kind of component → the key of a suite that lists them."""


def runtime_of(loader: str, catalogue: Catalogue) -> frozenset[str]:
    """The options of a loader that change no answer."""
    provided = catalogue.find("models", loader)
    return frozenset() if provided is None else provided.component.runtime


def without_runtime(suite: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A resolved suite as its results depend on it: of its model and of those that components ask, such options are left out."""
    told = dict(suite)
    if told["model"]:
        loaders = {
            name: _but(options, runtime_of(name, catalogue)) for name, options in told["model"]["loader"].items()
        }
        told["model"] = {**told["model"], "loader": loaders}
    for kind, key in _LISTS.items():
        told[key] = [_listed(kind, one, catalogue) for one in told.get(key) or ()]
    return told


def _listed(kind: Kind, entry: Any, catalogue: Catalogue) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    ((name, options),) = entry.items()
    provided = catalogue.find(kind, name)
    return entry if provided is None else {name: asks_alike(provided.component, options, catalogue)}


def asks_alike(component: Component[Any], options: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A component's options without those of the models that it asks which change no answer."""
    asked = {option for option, use in component.uses.items() if use.kind == "model"}
    return {
        option: _alike(cast("Mapping[str, Any]", value), catalogue)
        if option in asked and isinstance(value, Mapping)
        else value
        for option, value in options.items()
    }


def _alike(named: Mapping[str, Any], catalogue: Catalogue) -> Mapping[str, Any]:
    found = asked_model(named, (), catalogue, [])
    if found is None:
        return named
    runtime = runtime_of(found[1], catalogue)
    return {
        key: {name: _but(below or {}, runtime) for name, below in value.items()}
        if key == "loader" and isinstance(value, Mapping)
        else value
        for key, value in named.items()
        if key not in runtime
    }


def _but(options: Mapping[str, Any], runtime: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in runtime}
