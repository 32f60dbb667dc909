"""Stored: dataclasses out of JSON, checked field by field against their annotations."""

from __future__ import annotations

import math
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from seatrial.errors import SeatrialError, StoreError
from seatrial.terminal.legible import one_line

__all__ = ["CHANGED", "read_record", "undamaged"]

T = TypeVar("T")

CHANGED = "; the file was changed or cut off"
"""Why something stored is not as it was written."""


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """Whatever comes of reading a file of a run within the block is told as damage of it.

    Raises:
        StoreError: something was raised that is no error of ours: decoders of JSON and Parquet have dozens of their own.
    """
    try:
        yield
    except SeatrialError:
        raise
    except Exception as error:
        said = one_line(str(error), 160)
        raise StoreError(f"{path}: cannot be read ({type(error).__name__}: {said}){CHANGED}") from error


def read_record(kind: type[T], record: object, path: str = "", *, because: str = CHANGED) -> T:
    """A dataclass of that kind.

    Args:
        kind: a dataclass of text, truth values, numbers, literals, optional ones, sequences, mappings from text, and such
            dataclasses.
        record: JSON values by field.
        path: what messages call it; the kind's name where nothing is said.
        because: how messages about another type end.

    Raises:
        StoreError: a field is absent, unknown, or not of its type; the message names it.
    """
    return cast("T", _dataclass(kind, record, path or kind.__name__, because))


_hints = cache(get_type_hints)
"""A run reads its records back some hundred times, and evaluating annotations was two thirds of it."""


def _dataclass(kind: type[Any], record: object, path: str, because: str) -> Any:
    if not isinstance(record, Mapping):
        raise StoreError(f"{path}: expected an object, found {type(record).__name__}{because}")
    hints = _hints(kind)  # type: ignore[arg-type]  # classes are hashable; mypy takes `type[Any]` for an instance
    unknown = sorted(set(record) - {field.name for field in fields(kind)})
    if unknown:
        raise StoreError(f"{path}: unknown field {unknown[0]!r}; it was written by another version of seatrial")
    values = {}
    for field in fields(kind):
        if field.name in record:
            values[field.name] = _value(hints[field.name], record[field.name], f"{path}.{field.name}", because)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise StoreError(f"{path}: field {field.name!r} is absent{because}")
    return kind(**values)


def _value(kind: Any, item: object, path: str, because: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        if item is None and type(None) in arguments:
            return None
        return _value(next(one for one in arguments if one is not type(None)), item, path, because)
    if origin is Literal:
        if item in arguments:
            return item
    elif origin in {tuple, Sequence} and isinstance(item, list | tuple):
        if origin is Sequence or arguments[-1] is Ellipsis:
            return tuple(_value(arguments[0], part, f"{path}[{place}]", because) for place, part in enumerate(item))
        if len(item) == len(arguments):
            return tuple(_value(one, part, path, because) for one, part in zip(arguments, item, strict=True))
    elif origin is Mapping and isinstance(item, Mapping):
        return {name: _value(arguments[1], part, f"{path}.{name:.40}", because) for name, part in item.items()}
    elif kind is Any:
        return item
    elif is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, item, path, because)
    elif kind is float and isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item):
        return float(item)
    elif isinstance(kind, type) and kind is not float and type(item) is kind:
        return item
    raise StoreError(f"{path}: {item!r:.80} is not a {getattr(kind, '__name__', kind)}{because}")
