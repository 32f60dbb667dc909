"""Fields: what an extracted JSON value says, leaf by leaf, and how much of it is right."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

__all__ = ["NOTHING", "agreement", "json_in", "json_of"]

NOTHING = object()
"""What is found where there is no JSON."""

_FENCED = re.compile(r"```[ \t]*[\w+-]*[^\n`]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_MARKS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)


def json_of(text: str) -> Any:
    """The JSON value that a text is, or that its first readable fence is; `NOTHING` where neither is one."""
    text = text.strip()
    for whole in (text, *(block.strip() for block in _FENCED.findall(text))):
        try:
            return _DECODER.decode(whole)
        except (ValueError, RecursionError):
            continue
    return NOTHING


def json_in(text: str) -> Any:
    """The same; else the first value amid a text's words that holds an object, or the first of all.

    A value that breaks off, or is no JSON, is not read in part: what stands inside of it is none of its own.
    """
    if (whole := json_of(text)) is not NOTHING:
        return whole
    first: Any = NOTHING
    at = 0
    while (start := _opening(text, at)) is not None:
        if (end := _closing(text, start)) is None:
            return first if first is not NOTHING and "{" not in text[start:] else NOTHING
        try:
            value, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            value = NOTHING
        if "{" in text[start:end] and value is not NOTHING:
            return value
        first = value if first is NOTHING else first
        at = end
    return first


def _opening(text: str, at: int) -> int | None:
    places = [place for sign in "[{" if (place := text.find(sign, at)) >= 0]
    return min(places, default=None)


def _closing(text: str, start: int) -> int | None:
    """Where the bracket at `start` is closed, those in texts aside; None where it never is."""
    depth, inside = 0, False
    for mark in _MARKS.finditer(text, start):
        sign = mark.group()
        if sign == '"':
            inside = not inside
        elif not inside and sign[0] != "\\":
            depth += 1 if sign in "[{" else -1
            if not depth:
                return mark.end()
    return None


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _float(text: str) -> float:
    return found if math.isfinite(found := float(text)) else _refused(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One with a key twice says two things, and what reads it may take either."""
    return found if len(found := dict(pairs)) == len(pairs) else _refused("a key twice")


_DECODER = json.JSONDecoder(parse_constant=_refused, parse_float=_float, object_pairs_hook=_object)


# ---- agreement -------------------------------------------------------------------------------------------------------


def agreement(found: Any, expected: Any, *, ignore_case: bool = False) -> tuple[float, float, float]:
    """Precision, recall and F1 of the fields found; where nothing is expected and nothing found, all are 1.

    A field is a leaf: its path and its value, which null says not. Lists have no order. The entries of two lists are held against each
    other as wholes, equal ones first, then those that share most, so that a price counts for its own item alone.
    """
    found, expected = _plain(found, ignore_case=ignore_case), _plain(expected, ignore_case=ignore_case)
    given, wanted, right = _size(found), _size(expected), _right(found, expected)
    if not given and not wanted:
        return 1.0, 1.0, 1.0
    return right / given if given else 0.0, right / wanted if wanted else 0.0, 2 * right / (given + wanted)


def _plain(value: Any, *, ignore_case: bool) -> Any:
    """Equal for what is equal: 1 and 1.0 are, 1 and true not; white space in texts is one space."""
    if isinstance(value, Mapping):
        return {key: _plain(one, ignore_case=ignore_case) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, ignore_case=ignore_case) for one in value]
    if isinstance(value, str):
        said = " ".join(value.split())
        return said.casefold() if ignore_case else said
    return ("truth", value) if isinstance(value, bool) else value


def _size(value: Any) -> int:
    """How many leaves."""
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else int(value is not None)


def _right(found: Any, expected: Any) -> int:
    """How many leaves of both agree."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        return sum(_right(one, expected[key]) for key, one in found.items() if key in expected)
    if isinstance(found, list) and isinstance(expected, list):
        return _right_entries(found, expected)
    if isinstance(found, Mapping | list) or isinstance(expected, Mapping | list):
        return 0
    return int(found is not None and found == expected)


def _right_entries(found: Sequence[Any], expected: Sequence[Any]) -> int:
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, one in enumerate(expected):
        places[_key(one)].append(place)
    right, left = 0, []
    for one in found:
        if same := places[_key(one)]:
            right += _size(expected[same.pop()])
        else:
            left.append(one)
    open_ = sorted(place for each in places.values() for place in each)
    shared = [
        (-score, given, place)
        for given, one in enumerate(left)
        if isinstance(one, Mapping | list)
        for place in open_
        if (score := _right(one, expected[place]))
    ]
    used_given: set[int] = set()
    used: set[int] = set()
    for score, given, place in sorted(shared):
        if given not in used_given and place not in used:
            used_given.add(given)
            used.add(place)
            right -= score
    return right


def _key(value: Any) -> Hashable:
    """Equal for values whose leaves all agree."""
    if isinstance(value, Mapping):
        return ("object", frozenset((key, _key(one)) for key, one in value.items() if _size(one)))
    if isinstance(value, list):
        counted: dict[Hashable, int] = defaultdict(int)
        for one in value:
            if _size(one):
                counted[_key(one)] += 1
        return ("list", frozenset(counted.items()))
    return ("leaf", value)
