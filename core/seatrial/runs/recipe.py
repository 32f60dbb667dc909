"""A recipe: how a component is built, so that another process can build the same one again, and a key can tell it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import seatrial
from seatrial.errors import ContractError, SeatrialError, StageError
from seatrial.model.held import held
from seatrial.plugin.component import Absent, FilterComponent
from seatrial.plugin.host import Provided
from seatrial.plugin.kinds import Kind
from seatrial.plugin.raised import let_pass
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.environment import package_versions
from seatrial.runs.store import digest_json
from seatrial.source_code import code_digest, outermost, room_digest

__all__ = ["MADE", "Recipe", "identity_of", "module_code"]

MADE: dict[str, Any] = {}
"""What recipes have made in this process for components that came from another one, by the recipes' keys."""


def identity_of(kind: Kind, provided: Provided) -> dict[str, object]:
    """What tells a component from all others, and one version of it from the next."""
    component = provided.component
    rules = component.rules if isinstance(component, FilterComponent) else ()
    return {
        "kind": kind,
        "name": component.name,
        "provider": [provided.distribution, provided.version],
        "code": code_of(provided),
        "version": component.version,
        "rules": {rule.name: rule.version for rule in rules},
        "libraries": package_versions(component.libraries),
        **({"measure": _measure_of(provided)} if kind == "scorers" else {}),
    }


def code_of(provided: Provided) -> dict[str, str]:
    """Module → digest of the code that it is part of: the plugin's, and the one that its component is built in."""
    names = {provided.module, _built_in(provided)}
    return {name: digest for name in sorted(names) if (digest := module_code(name))}


def _built_in(provided: Provided) -> str:
    """The module that the component's builder stands in."""
    build = getattr(provided.component.build, "func", provided.component.build)
    return str(getattr(build, "__module__", ""))


def _measure_of(provided: Provided) -> str | dict[str, str]:
    """The digest of the code that a scorer measures with; samples of two runs are of one measure only where it is the same.

    The plugins that come with the host share a package, in which each has a room of its own; elsewhere all of the code counts.
    """
    name = _built_in(provided)
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if provided.distribution != seatrial.__name__ or file is None or not Path(file).is_file():
        return code_of(provided)
    if name not in _ROOMS:
        _ROOMS[name] = room_digest(Path(file))
    return _ROOMS[name]


_PACKAGES: dict[Path, str] = {}
"""Package, or module that is in none → the digest of the code that this process runs."""
_ROOMS: dict[str, str] = {}
"""Module that comes with the host → the digest of its room, as this process runs it."""
_MODULES: dict[str, tuple[object, str]] = {}
"""Module → its spec, which is another one where it is imported anew, and that digest."""


def module_code(name: str) -> str:
    """The digest of the code that a module of this process is part of; "" where it stands in no file."""
    module = sys.modules.get(name)
    file, spec = getattr(module, "__file__", None), getattr(module, "__spec__", None)
    known = _MODULES.get(name)
    if known is not None and known[0] is spec:
        return known[1]
    if file is None or not Path(file).is_file():
        return ""
    top = outermost(Path(file), name)
    if known is not None or top not in _PACKAGES:
        _PACKAGES[top] = code_digest(Path(file), name)
    _MODULES[name] = spec, _PACKAGES[top]
    return _PACKAGES[top]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A function, its options, and the recipes of what some options name."""

    who: str
    """Component and plugin, for errors."""
    build: Callable[..., Any]
    options: Mapping[str, Any]
    parts: Mapping[str, Recipe] = field(default_factory=dict)
    """Option → how to build what it gets."""
    optional: frozenset[str] = frozenset()
    """The parts that it can do without: those that cannot be built become an `Absent`."""
    identity: Mapping[str, object] = field(default_factory=dict)
    """Of the component (`identity_of`), or the digests of what the function reads beside its options."""
    promises: tuple[str, ...] = ()
    """The methods and attributes that what is built must have."""
    runtime: frozenset[str] = frozenset()
    """The options of a loader that change no answer."""

    @property
    def key(self) -> str:
        """Equal for recipes that make the same thing."""
        parts = {option: part.key for option, part in self.parts.items()}
        return digest_json([self.who, self.identity, self.options, parts])

    @property
    def answers_key(self) -> str:
        """Equal for loaders by which a model answers the same."""
        return replace(self, options={name: it for name, it in self.options.items() if name not in self.runtime}).key

    def make(self, made: MutableMapping[str, Any]) -> Any:
        """Build it. Its parts are taken from `made`, or built and left there: a model is loaded once, whoever uses it.

        Raises:
            StageError: it could not be built; the message names the component and its plugin.
        """
        parts = {option: self._part(option, made) for option in self.parts}
        try:
            with at_work(self.who):
                built = self.build(**{**self.options, **parts})
        except SeatrialError:
            raise
        except BaseException as error:
            let_pass(error)
            raise StageError(f"{self.who} could not be built: {type(error).__name__}: {error}") from error
        lacks = [name for name in self.promises if not hasattr(built, name)]
        if lacks:
            raise ContractError(
                f"{self.who} was built as a {type(built).__name__}, which has no {' and no '.join(map(repr, lacks))}"
            )
        return held(self.identity.get("kind"), built, self.who)

    def _part(self, option: str, made: MutableMapping[str, Any]) -> Any:
        try:
            return self.parts[option].made_once(made)
        except SeatrialError as error:
            if option not in self.optional:
                raise
            return Absent(str(error))

    def made_once(self, made: MutableMapping[str, Any]) -> Any:
        """The one in `made`, or a new one that is left there."""
        key = self.key
        if key not in made:
            made[key] = self.make(made)
        return made[key]
