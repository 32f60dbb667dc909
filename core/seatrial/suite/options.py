"""A component's options: a pydantic model made from its builder's signature, and values checked against it."""

from __future__ import annotations

import inspect
import json
import re
import sys
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import pydantic
from pydantic import BaseModel, Field
from pydantic_core import to_jsonable_python

from seatrial.errors import PluginError, did_you_mean
from seatrial.plugin.component import Component, Use
from seatrial.plugin.kinds import KIND_TABLE, Kind
from seatrial.suite.benchmark_keys import BenchmarkKeys
from seatrial.suite.catalogue import USED_KINDS, Catalogue
from seatrial.suite.complaints import Complaint, complaints_of, listed, shown
from seatrial.suite.strict import Keys, Name
from seatrial.suite.yaml_lines import KeyPath

__all__ = [
    "OptionsError",
    "Reserved",
    "asked_model",
    "documented_options",
    "loaders_of",
    "option_model",
    "read_component",
    "read_entry",
    "read_keys",
    "read_named",
    "read_options",
    "unknown_component",
    "validate_options",
]

_MAX_NESTING = 5
"""How deep components may use components, defaults included."""


class OptionsError(ValueError):
    """Options that a component does not take; every problem at once."""

    def __init__(self, complaints: list[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("; ".join(f"{complaint.path}: {complaint.message}" for complaint in complaints))


class Reserved(Keys):
    """Keys that stand beside a component's own options and mean the same for every component of its kind."""

    handed: ClassVar[frozenset[str]] = frozenset()
    """Those that a builder gets as well, if it takes an option of that name."""


# ---- the model ----------------------------------------------------------------------------------------------------


def option_model(component: Component[Any], reserved: type[Reserved] = Reserved) -> type[BaseModel]:
    """The options that a suite may give to `component`, as a pydantic model, the reserved keys included.

    Options are the builder's named parameters, less those that get the model's tokenizer. One that names another
    component is of type Any here: `read_options` checks it against the catalogue.

    Raises:
        PluginError: the builder's signature cannot be read, or it takes an option of a reserved name.
    """
    # By the builder itself and not by what it is equal to, which is held so that its id stays its own.
    shape = (id(component.build), component.name, component.summary, tuple(component.uses.items()), reserved)
    if shape not in _MODELS:
        if len(_MODELS) >= _MOST_MODELS:
            del _MODELS[next(iter(_MODELS))]
        _MODELS[shape] = component.build, _made(component, reserved)
    return _MODELS[shape][1]


_MODELS: dict[tuple[object, ...], tuple[object, type[BaseModel]]] = {}
"""What was made before: a run checks its suite three times, and making models was most of it."""
_MOST_MODELS = 500


def _made(component: Component[Any], reserved: type[Reserved]) -> type[BaseModel]:
    taken = {field.alias or name for name, field in reserved.model_fields.items()}
    fields: dict[str, Any] = {}
    for parameter, annotation, description in _parameters(component):
        name = parameter.name
        if name in taken:
            if name in reserved.handed:
                continue
            raise PluginError(
                f"{component.name}: its builder takes an option {name!r}, a key that a suite reserves; rename the option"
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        use = component.uses.get(name)
        if use is not None and use.kind in USED_KINDS:
            default = use.default or default
        # A field called `copy` would shadow a method of pydantic's models: it stands under another name, by its alias.
        field = f"{name}_" if hasattr(BaseModel, name) or name in reserved.model_fields else name
        alias = name if field != name else None
        fields[field] = (annotation, Field(default, alias=alias, description=description))
    try:
        return pydantic.create_model(
            component.name, __base__=reserved, __doc__=component.summary, __module__=__name__, **fields
        )
    except pydantic.errors.PydanticUserError as error:
        raise PluginError(f"{component.name}: an option's type cannot be checked: {error.message}") from error


def _parameters(component: Component[Any]) -> list[tuple[inspect.Parameter, Any, str | None]]:
    """The builder's options: each parameter, its resolved annotation, and what the docstring says of it."""
    try:
        signature = inspect.signature(component.build)
    except (TypeError, ValueError) as error:
        raise PluginError(f"{component.name}: the signature of its builder cannot be read: {error}") from error
    documented = documented_options(component.build)
    found = []
    for name, parameter in signature.parameters.items():
        use = component.uses.get(name)
        named = parameter.kind in {parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        if not named or name.startswith("_") or (use is not None and use.kind == "tokenizer"):
            continue
        found.append((parameter, _taken(use) or _annotation(component, parameter), documented.get(name)))
    return found


def _taken(use: Use | None) -> Any:
    """The type of what a suite says where the builder gets something else, built from it."""
    if use is None:
        return None
    return {"benchmarks": dict[Name, BenchmarkKeys], "model": dict[str, Any]}.get(use.kind, Any)


def _annotation(component: Component[Any], parameter: inspect.Parameter) -> Any:
    if parameter.annotation is parameter.empty:
        raise PluginError(
            f"{component.name}: option {parameter.name!r} of its builder has no type; write it: `{parameter.name}: float`"
        )
    # Only this one annotation is evaluated: the others may name types that are imported for type checkers alone.
    holder = type("holder", (), {"__annotations__": {parameter.name: parameter.annotation}})
    try:
        hints = typing.get_type_hints(holder, globalns=_namespace(component.build), include_extras=True)
    except Exception as error:
        raise PluginError(
            f"{component.name}: the type of option {parameter.name!r} cannot be resolved: {error}; "
            "import it at run time, not only under TYPE_CHECKING"
        ) from error
    return hints[parameter.name]


def _namespace(build: Callable[..., Any]) -> dict[str, Any]:
    while isinstance(build, partial):
        build = build.func
    build = inspect.unwrap(build)
    if isinstance(build, type):
        # A dataclass takes the fields of its bases as they are written there, which may be another module.
        return {name: it for kind in reversed(build.__mro__) for name, it in vars(sys.modules[kind.__module__]).items()}
    namespace: dict[str, Any] = getattr(build, "__globals__", {})
    return namespace


def documented_options(build: Callable[..., Any]) -> dict[str, str]:
    """What a builder's docstring says of each option under `Args:` (Google style), each as one line.

    Of a class, those of its bases count, too, and its own before theirs.
    """
    while isinstance(build, partial):
        build = build.func
    if not isinstance(build, type):
        return _arguments(build.__doc__)
    found: dict[str, str] = {}
    for kind in reversed(build.__mro__):
        found |= _arguments(kind.__doc__) | _arguments(getattr(vars(kind).get("__init__"), "__doc__", None))
    return found


def _arguments(doc: str | None) -> dict[str, str]:
    lines = inspect.cleandoc(doc or "").splitlines()
    if "Args:" not in lines:
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in lines[lines.index("Args:") + 1 :]:
        if line and not line.startswith(" "):
            break
        if start := re.match(r" {2,4}(\w+)(?: \([^)]*\))?:(?: (.*))?$", line):
            name, found[start[1]] = start[1], start[2] or ""
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


# ---- the values ---------------------------------------------------------------------------------------------------


def validate_options(component: Component[Any], given: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The options that `component` is built with: those given, checked, and the defaults of the others.

    Plain JSON values in the order of the signature; an option that names another component is `{name: {options}}`.

    Raises:
        OptionsError: a key is unknown, missing or of the wrong type, or names a component that does not exist.
        PluginError: the component's builder cannot be described.
    """
    return read_options(component, given, catalogue)[0]


def read_options(
    component: Component[Any],
    given: Mapping[str, Any],
    catalogue: Catalogue,
    reserved: type[Reserved] = Reserved,
    *,
    nesting: int = 0,
) -> tuple[dict[str, Any], Reserved]:
    """The builder's options and the reserved keys, where `given` holds both.

    Raises:
        OptionsError, PluginError: as `validate_options`.
    """
    model = option_model(component, reserved)
    complaints: list[Complaint] = []
    values = _complete(component, model, read_keys(model, given, complaints))
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    options: dict[str, Any] = {}
    for parameter, _, _ in _parameters(component):
        name, use = parameter.name, component.uses.get(parameter.name)
        if name in reserved.handed and values is None:
            continue
        if use is not None and use.kind == "model" and isinstance(given.get(name), dict):
            asked_model(given[name], (name,), catalogue, complaints, nesting=nesting)
        if use is not None and use.kind in USED_KINDS:
            options[name] = _read_use(use, parameter, given, catalogue, complaints, nesting)
        elif values is not None:
            options[name] = to_jsonable_python(getattr(values, names[name]))
    if complaints or values is None:
        raise OptionsError(complaints)
    assert isinstance(values, Reserved)
    return options, values


def read_keys(model: type[BaseModel], given: Mapping[str, Any], complaints: list[Complaint]) -> BaseModel | None:
    """`given` as `model`, or None and complaints.

    Checked as JSON: strict about types, and a list may still become a tuple.
    """
    try:
        return model.model_validate_json(json.dumps(given), strict=True)
    except pydantic.ValidationError as error:
        complaints.extend(complaints_of(error, given, model))
        return None


def _complete(component: Component[Any], model: type[BaseModel], values: BaseModel | None) -> BaseModel | None:
    """The values with the defaults checked as if a suite had said them.

    So a default of 32 for a float is 32.0, and a suite means the same to a digest before and after it is written out.
    """
    if values is None:
        return None
    complaints: list[Complaint] = []
    said = {
        field.alias or name: to_jsonable_python(getattr(values, name)) for name, field in model.model_fields.items()
    }
    complete = read_keys(model, said, complaints)
    if complaints:
        option, message = complaints[0].path[0], complaints[0].message
        raise PluginError(f"{component.name}: the default of option {option!r} is not what its type says: {message}")
    return complete


def _read_use(
    use: Use,
    parameter: inspect.Parameter,
    given: Mapping[str, Any],
    catalogue: Catalogue,
    complaints: list[Complaint],
    nesting: int,
) -> dict[str, Any] | None:
    """The component that an option names, as `{name: {options}}`; the default where the suite names none."""
    if nesting >= _MAX_NESTING:
        raise PluginError(f"components use each other more than {_MAX_NESTING} deep, at option {parameter.name!r}")
    name, kind = parameter.name, USED_KINDS[use.kind]
    value = given.get(name)
    if value is None and use.default is None:
        if name in given and parameter.default is parameter.empty:
            said = f"has no value; name one of: {listed(catalogue.names(kind))}"
            complaints.append(Complaint((name,), said))
        return None
    if value is None and catalogue.find(kind, str(use.default)) is None:
        if use.when is not None or use.optional:
            return None  # missed when it is needed, and perhaps it isn't
        said = f"needs the {use.kind} '{use.default}', which no plugin brings; name one of: {listed(catalogue.names(kind))}"
        complaints.append(Complaint((name,), said))
        return None
    found = read_component(
        kind, use.default if value is None else value, (name,), catalogue, complaints, nesting=nesting + 1
    )
    return None if found is None else {found[0]: found[1]}


def asked_model(
    given: Mapping[str, Any], path: KeyPath, catalogue: Catalogue, complaints: list[Complaint], *, nesting: int = 0
) -> tuple[str, str, dict[str, Any]] | None:
    """A model that a component asks, `{source: …, loader: …}` with the loader's options beside or below it.

    Returns:
        Its source, its loader's name and the checked options; or None and complaints.
    """
    source = given.get("source")
    if not isinstance(source, str) or ":" not in source:
        said = 'needs a `source`, an address: `{source: "openai:http://localhost:8000/v1#name"}`'
        complaints.append(Complaint((*path, "source") if "source" in given else path, said))
        return None
    named = given.get("loader")
    if named is None:
        takes = loaders_of(source, catalogue)
        if len(takes) != 1:
            said = f"{len(takes) or 'no'} model loaders take {shown(source)} by itself; name one under `loader`"
            complaints.append(Complaint((*path, "source"), f"{said}: {listed(takes or catalogue.names('models'))}"))
            return None
        named = takes[0]
    entry = read_entry("models", named, (*path, "loader"), complaints)
    if entry is None:
        return None
    name, below, inner = entry
    beside = {key: value for key, value in given.items() if key not in {"source", "loader"}}
    if twice := sorted(below.keys() & beside.keys()):
        complaints.extend(Complaint((*inner, key), "stands twice; leave it out here") for key in twice)
        return None
    found: list[Complaint] = []
    read = read_component("models", {name: {**beside, **below}}, (), catalogue, found, nesting=nesting + 1)
    for complaint in found:  # of a key below the loader's name, or beside it
        at = complaint.path[1:]
        place = (*inner, *at) if at[:1] and at[0] in below else (*path, *at)
        complaints.append(Complaint(place if at else inner, complaint.message))
    return None if read is None else (source, *read)


def loaders_of(address: str, catalogue: Catalogue) -> list[str]:
    """The model loaders that take addresses of that scheme where a suite names none."""
    scheme = address.partition(":")[0]
    return [
        name
        for name in catalogue.names("models")
        if (provided := catalogue.find("models", name)) and scheme in provided.component.schemes
    ]


def read_component(
    kind: Kind, given: Any, path: KeyPath, catalogue: Catalogue, complaints: list[Complaint], *, nesting: int = 0
) -> tuple[str, dict[str, Any]] | None:
    """A component that stands as `name` or `{name: {options}}`: its name and checked options, or None and complaints.

    `path` is where it stands; complaints are about places under it.
    """
    entry = read_entry(kind, given, path, complaints)
    if entry is None:
        return None
    name, options, inner = entry
    provided = catalogue.find(kind, name)
    if provided is None:
        complaints.append(unknown_component(kind, name, inner, catalogue))
        return None
    try:
        return name, read_options(provided.component, options, catalogue, nesting=nesting)[0]
    except OptionsError as error:
        complaints.extend(complaint.below(inner) for complaint in error.complaints)
        return None


def read_entry(
    kind: Kind, given: Any, path: KeyPath, complaints: list[Complaint]
) -> tuple[str, dict[str, Any], KeyPath] | None:
    """What `name`, `name: null` or `{name: {options}}` says: the name, the options, and where the options stand."""
    return read_named(KIND_TABLE[kind].word, given, path, complaints)


def read_named(
    word: str, given: Any, path: KeyPath, complaints: list[Complaint]
) -> tuple[str, dict[str, Any], KeyPath] | None:
    """The same of something that is no component; `word` is what a message calls it."""
    if isinstance(given, str):
        return given, {}, path
    if not isinstance(given, dict) or not given:
        complaints.append(
            Complaint(
                path,
                f"{shown(given)} is not {'an' if word[0] in 'aeiou' else 'a'} {word}; write its name, or `name: {{options}}`",
            )
        )
        return None
    if len(given) > 1:
        complaints.append(
            Complaint(
                path,
                f"has {len(given)} keys ({listed(list(given))}) where one {word} is named; its options stand below "
                f"its name, indented further, or in braces: `{next(iter(given))}: {{options}}`",
            )
        )
        return None
    name, options = next(iter(given.items()))
    if options is not None and not isinstance(options, dict):
        complaints.append(Complaint((*path, name), f"{shown(options)} is not a mapping of options"))
        return None
    return name, dict(options or {}), (*path, name)


def unknown_component(kind: Kind, name: str, path: KeyPath, catalogue: Catalogue) -> Complaint:
    """No component of that name: what there is, and the nearest."""
    names = catalogue.names(kind)
    hint = did_you_mean(name, names)
    return Complaint(path, f"no {KIND_TABLE[kind].word} is called {shown(name)}{hint}; there are: {listed(names)}")
