"""What is wrong with a value, said plainly: pydantic's errors in the words of whoever writes a suite."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from seatrial.errors import did_you_mean
from seatrial.suite.yaml_lines import KeyPath
from seatrial.terminal.legible import one_line

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = ["Complaint", "complaints_of", "listed", "shown", "written"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong, at a key path."""

    path: KeyPath
    message: str

    def below(self, prefix: KeyPath) -> Complaint:
        """The same complaint about a value that stands under `prefix`."""
        return Complaint((*prefix, *self.path), self.message)


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "null",
}
"""pydantic's error type → what would have been accepted."""

_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}


def shown(value: object) -> str:
    """A value as a message shows it: `'text'`, `16.5`, `true`, `a list`."""
    if isinstance(value, str):
        return f"'{one_line(value, 60)}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value:f}".replace("inf", ".inf").replace("nan", ".nan")
    return "nothing" if value is None else repr(value)


def written(path: KeyPath) -> str:
    """A key path as people write it: `gates[0].metric`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{one_line(part, 60)}" for part in path)
    return text.removeprefix(".")


def listed(names: Collection[str]) -> str:
    """Names in a row, or `none`."""
    return ", ".join(names) or "none"


def complaints_of(error: ValidationError, given: object, model: type[BaseModel]) -> list[Complaint]:
    """Every problem that pydantic found in `given` when it was read as `model`, one complaint a place."""
    places: dict[KeyPath, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        places.setdefault(_path(details, given), []).append(details)
    around = {path[:length] for path in places for length in range(len(path))}
    return [
        Complaint(path, _message(path, details, given, model))
        for path, details in places.items()
        # A list was given where a list or a number is accepted: what is wrong inside the list says more.
        if path not in around
    ]


def _path(details: ErrorDetails, given: object) -> KeyPath:
    """The error's place without the names of the union members that pydantic tried."""
    path: list[str | int] = []
    value: Any = given
    for part in details["loc"]:
        if _holds(value, part):
            value = value[part]
        elif details["type"] == "missing" and part == details["loc"][-1]:
            value = None
        else:
            continue
        path.append(part)
    return tuple(path)


def _holds(value: object, part: str | int) -> bool:
    if isinstance(part, str):
        return isinstance(value, Mapping) and part in value
    return isinstance(value, list) and part < len(value)


def _message(path: KeyPath, errors: Sequence[ErrorDetails], given: object, model: type[BaseModel]) -> str:
    kinds = [details["type"] for details in errors]
    if kinds[0] == "missing":
        field = _field_at(model, path)
        return f"is required: {one_line(field.description)}" if field and field.description else "is required"
    if kinds[0] == "extra_forbidden":
        owner = _model_at(model, path[:-1])
        names = sorted(_names(owner)) if owner else []
        return f"unknown key{did_you_mean(str(path[-1]), names)}; accepted: {listed(names)}"
    key = errors[0]["loc"][-1] == "[key]"  # pydantic's mark of a mapping's key, where its value is not meant
    value = errors[0]["input"] if key else _value_at(given, path)
    literals = [details for details in errors if details["type"] in {"literal_error", "enum"}]
    expected = list(dict.fromkeys(_EXPECTED[kind] for kind in kinds if kind in _EXPECTED))
    if literals:
        return "; or ".join([_not_one_of(value, str(literals[0].get("ctx", {}).get("expected", ""))), *expected])
    others = [_other(details) for details in errors if details["type"] not in _EXPECTED]
    if others and not (expected and len(others) < len(errors) and value is None):
        return "; or ".join(dict.fromkeys(others))
    return ("the key " if key else "") + _wrong_type(value, expected)


def _not_one_of(value: object, expected: str) -> str:
    names = re.findall(r"'((?:[^'\\]|\\.)*)'", expected)
    hint = did_you_mean(value, names) if isinstance(value, str) else ""
    return f"{shown(value)} is not accepted{hint}; one of: {listed(names) if names else expected}"


def _other(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    value = shown(details["input"])
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {context[name]:g}, not {value}"
    if kind in {"too_short", "string_too_short"}:
        return f"must not be empty; at least {context['min_length']}"
    if kind in {"too_long", "string_too_long"}:
        return f"is too long; at most {context['max_length']}"
    if kind == "string_pattern_mismatch":
        return f"{value} does not match {context['pattern']}"
    if kind == "value_error":
        return str(context.get("error", details["msg"]))
    return f"{value}: {details['msg'][:1].lower()}{details['msg'][1:]}"


def _wrong_type(value: object, expected: Sequence[str]) -> str:
    if value is None:
        return f"has no value; expected {' or '.join(expected)}"
    hint = ""
    if "a list" in expected and isinstance(value, str if "text" in expected else str | int | float):
        hint = f"; write {_as_list(value)}"
    if len(expected) > 1:
        return f"{shown(value)} is neither {' nor '.join(expected)}{hint}"
    if expected == ["a whole number"] and isinstance(value, float) and value.is_integer():
        hint = f"; write {value:.0f}"
    elif expected == ["text"] and isinstance(value, int | float):
        hint = "; put it in quotes"
    elif expected == ["true or false"] and isinstance(value, str) and value.lower() in _YES_NO:
        hint = f"; write {_YES_NO[value.lower()]}"
    return f"{shown(value)} is not {expected[0]}{hint}"


def _as_list(value: str | float) -> str:
    """One value as a list of it; what stands between commas was meant as values of its own."""
    if value in {"none", ""}:
        return "[]"
    entries = [one_line(entry, 60) for entry in value.split(",")] if isinstance(value, str) else [shown(value)]
    plain = all(re.fullmatch(r"[\w.+/-]+", entry) for entry in entries)
    return f"[{', '.join(entries if plain else map(shown, entries))}]"


_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _value_at(given: Any, path: KeyPath) -> Any:
    for part in path:
        given = given[part]
    return given


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _field_at(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    owner = _model_at(model, path[:-1])
    fields = owner.model_fields.items() if owner else ()
    return next((field for name, field in fields if (field.alias or name) == path[-1]), None)


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The model that describes the mapping at `path`; None inside of lists and of mappings of plain values."""
    if not path:
        return model
    field = _field_at(model, path)
    annotation = field.annotation if field else _values_of(_field_at(model, path[:-1]) if path[1:] else None)
    found = () if get_origin(annotation) is dict else (annotation, *get_args(annotation))
    return next((part for part in found if isinstance(part, type) and issubclass(part, BaseModel)), None)


def _values_of(mapping: FieldInfo | None) -> Any:
    """The type of a mapping's values; None where the field is no mapping of names to something."""
    if mapping is None or get_origin(mapping.annotation) is not dict:
        return None
    return get_args(mapping.annotation)[1]
