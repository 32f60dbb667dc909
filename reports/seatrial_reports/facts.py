"""Facts are JSON that other components wrote: what is there in the expected type is read, anything else is nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

__all__ = ["entries", "flag", "flat", "loaded", "mapping", "number", "sequence", "text", "whole"]


def number(facts: Mapping[str, object], key: str) -> float | None:
    """A finite number, or None."""
    value = facts.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def whole(facts: Mapping[str, object], key: str) -> int | None:
    """A whole number, or None."""
    value = number(facts, key)
    return int(value) if value is not None and value == int(value) else None


def text(facts: Mapping[str, object], key: str) -> str:
    """A string; "" where there is none. Numbers are written out."""
    value = facts.get(key)
    if value is None or isinstance(value, Mapping | list | tuple):
        return ""
    return str(value)


def flag(facts: Mapping[str, object], key: str) -> bool:
    """Whether the fact is exactly true."""
    return facts.get(key) is True


def mapping(facts: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A mapping; empty where there is none."""
    value = facts.get(key)
    return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else {}


def sequence(facts: Mapping[str, object], key: str) -> Sequence[object]:
    """A list; empty where there is none."""
    value = facts.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def entries(facts: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The mappings of a list."""
    return [{str(k): v for k, v in item.items()} for item in sequence(facts, key) if isinstance(item, Mapping)]


def loaded(document: object) -> Mapping[str, object]:
    """A mapping out of JSON text; empty where it is none."""
    if not isinstance(document, str):
        return {}
    try:
        value = json.loads(document)
    except ValueError:
        return {}
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def flat(value: object, prefix: str = "") -> list[tuple[str, str]]:
    """Nested JSON as (dotted name, text) pairs in order; nulls and empty containers are left out."""
    if isinstance(value, Mapping):
        return [pair for k, v in value.items() for pair in flat(v, f"{prefix}.{k}" if prefix else str(k))]
    if isinstance(value, list | tuple):
        if all(not isinstance(item, Mapping | list | tuple) for item in value):
            return [(prefix, ", ".join(map(_plain, value)))] if value else []
        return [pair for i, item in enumerate(value) for pair in flat(item, f"{prefix}[{i}]")]
    return [] if value is None else [(prefix, _plain(value))]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
