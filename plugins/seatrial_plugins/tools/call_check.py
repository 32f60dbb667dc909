"""Call check: whether calls are those that were expected, by the rules of the Berkeley Function Calling Leaderboard.

Of each argument several values may be right; "" among them says that it may be left out. The rules (Patil et al., 2025, "AST
evaluation"; held against the package `bfcl_eval` in `tests/bench/tool_calls.py`):

- as many calls as expected, in any order; each expected call takes the first call that agrees with it;
- a function's name is the expected one; required arguments are there, and no others than those that are expected;
- a value has its parameter's type exactly (a whole number is also a float, a tuple a list), or the type of the right values,
  where these are a variable's name; true and 1 are two values, also where a schema names no single type;
- in an object, each key has a list of right values (one alone is written as it is);
- strings are equal without case, spaces and the signs , . / - _ * ^, whether alone, in a list, or in an object; everything else is
  equal as it is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seatrial.rows import ToolCall

__all__ = ["Expected", "disagreement", "right_calls"]

Expected = Mapping[str, Mapping[str, Sequence[Any]]]
"""One call: the function's name → argument → the values that are right."""

_IGNORED = re.compile(r"[ ,./\-_*^]")
_LARGEST = int(sys.float_info.max)
_TYPES: Mapping[str, type] = {
    "string": str,
    "any": str,
    "integer": int,
    "float": float,
    "number": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "object": dict,
}
"""JSON Schema's names of types, and the leaderboard's own."""


def right_calls(code: str) -> list[Expected] | str:
    """The calls that a check's code says are right, or what is wrong with it."""
    try:
        said = json.loads(code)
    except (ValueError, RecursionError) as error:
        return f"the calls that are right are no JSON: {error}"
    if not isinstance(said, list):
        return "the calls that are right are no list"
    for at, call in enumerate(said):
        arguments = next(iter(call.values())) if isinstance(call, Mapping) and len(call) == 1 else None
        if not isinstance(arguments, Mapping) or not all(isinstance(one, list) for one in arguments.values()):
            return f"call {at + 1} of those that are right is none: one is {{function: {{argument: [values that are right]}}}}"
    return said


def disagreement(
    calls: Sequence[ToolCall], expected: Sequence[Expected], tools: Sequence[Mapping[str, Any]], *, dotted: bool = True
) -> str:
    """How the calls differ from those expected; "" where they agree.

    Args:
        calls: what was called.
        expected: what should be; none where nothing should be called.
        tools: the functions that could be called (`seatrial.Row.tools`).
        dotted: whether a name has its dots. Without, they are underscores in calls, as OpenAI's API demands.
    """
    if len(calls) != len(expected):
        return f"{len(calls)} calls where {len(expected)} are expected"
    left = list(calls)
    for one in expected:
        ((name, right),) = one.items()
        schema = _schema(name, tools)
        told = name if dotted else name.replace(".", "_")
        try:
            reasons = [_differs(call, told, right, schema) for call in left]
        except RecursionError:
            return f"the arguments of {name} are nested too deeply to compare"
        if "" not in reasons:
            return reasons[0] if len(reasons) == 1 else f"no call agrees with that of {name} ({'; '.join(reasons)})"
        del left[reasons.index("")]
    return ""


def _schema(name: str, tools: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    functions = (tool.get("function", tool) for tool in tools)
    return _mapping(next((one.get("parameters") for one in functions if one.get("name") == name), {}))


def _mapping(schema: object) -> Mapping[str, Any]:
    """A schema's part; where it is none that describes anything (`true`, a list), one that says nothing."""
    return schema if isinstance(schema, Mapping) else {}


def _differs(call: ToolCall, name: str, right: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> str:
    if call.name != name:
        return f"{call.name or 'what cannot be read'} is called, not {name}"
    given: object = call.arguments
    if not isinstance(given, Mapping):
        return f"the arguments of {name} are no object"
    known = _mapping(schema.get("properties"))
    required = schema.get("required")
    if missing := [one for one in (required if isinstance(required, list) else ()) if one not in given]:
        return f"{name} lacks its required argument {missing[0]}"
    for argument, value in given.items():
        if argument not in known or argument not in right:
            return f"{name} has an argument {argument} that is not expected"
        if not _agrees(value, right[argument], _mapping(known[argument])):
            return f"{name}: {argument} is {value!r:.80}; right is {' or '.join(f'{one!r:.40}' for one in right[argument])}"
    left_out = [one for one, values in right.items() if one not in given and "" not in values]
    return f"{name} lacks its argument {left_out[0]}" if left_out else ""


def _agrees(value: Any, right: Sequence[Any], described: Mapping[str, Any]) -> bool:
    wanted, inner = _type(described), _type(_mapping(described.get("items")))
    if wanted is list and isinstance(value, tuple) and described.get("type") == "tuple":
        value = list(value)
    if wanted is float and type(value) is int and abs(value) <= _LARGEST:
        value = float(value)
    if wanted is None:  # a schema that says no single type
        wanted = type(value)
    nested = inner if wanted is list else None
    variable = _of_right(right)
    if type(value) is not wanted:
        return type(value) is variable and _within(value, right)
    if nested is not None and not any(_nested(value, one, nested) for one in right):
        return False
    if variable is not None and variable is not wanted:
        return _within(value, right)
    return _COMPARED.get((wanted, nested is dict), _COMPARED.get((wanted, False), _within))(value, right)


def _type(described: Mapping[str, Any]) -> type | None:
    said = described.get("type")
    return _TYPES.get(said) if isinstance(said, str) else None


def _of_right(right: Sequence[Any]) -> type | None:
    """The type of the values that are right."""
    return next((type(one) for one in right if one != ""), None)


def _nested(values: Any, right: Any, inner: type) -> bool:
    """Whether a list's values have the type of its parameter, or that of those in a right list."""
    if not isinstance(right, list):
        return True
    return all(type(one) is inner or type(one) is _of_right(right) for one in values)


def _within(value: Any, right: Sequence[Any]) -> bool:
    return any(_equal(value, one) for one in right)


def _equal(one: Any, other: Any) -> bool:
    """Equal, 1 and 1.0 as well, but not 1 and true."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(inner, other[key]) for key, inner in one.items())
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _plain(value: Any) -> Any:
    return _IGNORED.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value


def _same_text(value: Any, right: Sequence[Any]) -> bool:
    return _plain(value) in [_plain(one) for one in right if isinstance(one, str)]


def _same_list(value: Any, right: Sequence[Any]) -> bool:
    """Equal lists; an argument that may be left out may be an empty one as well."""
    plain = [_plain(one) for one in value]
    return any(_equal(plain, [_plain(one) for one in each]) for each in right if isinstance(each, list) or each == "")


def _same_object(value: Any, right: Sequence[Any]) -> bool:
    return any(_same_items(value, one) for one in right if isinstance(one, Mapping))


def _same_items(value: Any, right: Mapping[str, Any]) -> bool:
    if not isinstance(value, Mapping):
        return False
    for key, inner in value.items():
        if key not in right or not _within(_plain(inner), [_plain(one) for one in _values(right[key])]):
            return False
    return all(key in value or "" in _values(values) for key, values in right.items())


def _values(right: Any) -> Sequence[Any]:
    """The values that are right; one alone may be written as it is."""
    return right if isinstance(right, list) else [right]


def _same_objects(value: Any, right: Sequence[Any]) -> bool:
    return any(
        len(value) == len(each) and all(_same_items(*pair) for pair in zip(value, each, strict=True))
        for each in right
        if isinstance(each, list) or each == ""
    )


_COMPARED: Mapping[tuple[type, bool], Callable[[Any, Sequence[Any]], bool]] = {
    (str, False): _same_text,
    (list, False): _same_list,
    (list, True): _same_objects,
    (dict, False): _same_object,
}
"""Type, and whether it is a list of objects → how values are compared."""
