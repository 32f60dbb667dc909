"""Fields: what an extracted JSON value says, leaf by leaf, and how much of it is right."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["NOTHING", "agreement", "json_in", "leaves"]

NOTHING = object()
"""What is found where there is no JSON."""

_FENCED = re.compile(r"```[ \t]*[\w+-]*[^\n`]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_OPENS = re.compile(r"[\[{]")
_TRIES = 200


def json_in(text: str) -> Any:
    """The JSON value that a text is, or that stands in its first fence, or else amid its words; `NOTHING` where there is none."""
    text = text.strip()
    for whole in (text, *(block.strip() for block in _FENCED.findall(text))):
        try:
            return json.loads(whole, parse_constant=_refused)
        except (ValueError, RecursionError):
            continue
    decoder = json.JSONDecoder(parse_constant=_refused)
    for start in list(_OPENS.finditer(text))[:_TRIES]:
        try:
            return decoder.raw_decode(text, start.start())[0]
        except (ValueError, RecursionError):
            continue
    return NOTHING


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def leaves(value: Any, *, ignore_case: bool = False) -> Counter[tuple[str, Any]]:
    """Each leaf's path and value, counted: the place in a list is no part of a path; null says nothing."""
    return Counter((path, _plain(one, ignore_case=ignore_case)) for path, one in _leaves(value, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, f"{path}[]")
    elif value is not None:
        yield path, value


def _plain(value: Any, *, ignore_case: bool) -> Any:
    """Equal for what is equal: 1 and 1.0 are, 1 and true not; white space in texts is one space."""
    if isinstance(value, str):
        said = " ".join(value.split())
        return said.casefold() if ignore_case else said
    return ("truth", value) if isinstance(value, bool) else value


def agreement(found: Counter[tuple[str, Any]], expected: Counter[tuple[str, Any]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of the fields found; where nothing is expected and nothing found, all are 1."""
    right = (found & expected).total()
    if not found and not expected:
        return 1.0, 1.0, 1.0
    precision = right / found.total() if found else 0.0
    recall = right / expected.total() if expected else 0.0
    return precision, recall, 2 * right / (found.total() + expected.total())
