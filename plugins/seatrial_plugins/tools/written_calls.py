"""Written calls: the calls of tools that an answer makes, in whichever of the usual notations it was written.

Hermes and Qwen    <tool_call>{"name": …, "arguments": {…}}</tool_call>, one or several
JSON               one call or a list of them, bare, fenced, or with words around it; arguments as an object or as JSON text;
                   OpenAI's `tool_calls`, LangChain's, Anthropic's and Llama's, and {function: {arguments}}
Python             f(a=1), [f(a=1), g.h(b="x")], as the Berkeley Function Calling Leaderboard asks models to write
"""

from __future__ import annotations

import ast
import json
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from seatrial.rows import ToolCall
from seatrial.rows.calls import readable_call
from seatrial_plugins.tools.unread_calls import begins_a_call, says_a_call

__all__ = ["written_calls"]

_FENCED = re.compile(r"```[ \t]*[\w+-]*[^\n`]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_TAGGED = re.compile(r"<tool_call>\s*(?=\{)(?:(?!<tool_call>).)*?(?:</tool_call>|(?=<tool_call>)|\Z)", re.DOTALL)
_CALL = re.compile(r"[\w.]+\(.*\)")
_ARGUMENTS = ("arguments", "args", "parameters", "input")
_LONGEST = 100_000
"""Characters of an answer that are read: of a longer one, that many."""
_DEEPEST = 50
_TRIES = 200
"""Brackets at which JSON may begin that are tried: a text of nothing else would take seconds."""
_OPENS = re.compile(r"[\[{]")
_OPERATIONS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. One with a key twice says two things: what reads it may take either."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def written_calls(text: str, names: Collection[str]) -> list[ToolCall]:
    """The calls in an answer, in order; none where it makes none. One that is begun and cannot be read names no function.

    Args:
        text: the answer.
        names: the tools that it may call: what is a call by its notation alone, in the midst of words, counts where it names
            one of them.
    """
    text = text[:_LONGEST].strip()
    found, rest = _read(text, names)
    unread = begins_a_call(rest, names) if found else says_a_call(rest, names)
    return [*found, ToolCall("", None)] if unread else found


def _read(text: str, names: Collection[str]) -> tuple[list[ToolCall], str]:
    """The calls, and what of the text was not read as one."""
    pieces = [piece.partition("</tool_call>")[0].strip() for piece in text.split("<tool_call>")[1:]]
    if found := [
        _only_call(_decoded(said)) for said in pieces if said.startswith("{")
    ]:  # tags can be talked about, too
        return _with_those_amid(found, _TAGGED.sub("\n", text), names)
    if (found_whole := _whole(text, names)) is not None:
        return found_whole, ""
    rest, found = text, []
    for block in _FENCED.finditer(text):
        calls = _whole(block.group(1).strip(), names) or []
        if calls and (not found or all(call.name in names for call in calls)):
            found += calls
            rest = rest.replace(block.group(), "\n", 1)
    return _with_those_amid(found, rest, names)


def _whole(text: str, names: Collection[str]) -> list[ToolCall] | None:
    return found if (found := _json_calls(text, names)) is not None else _python_calls(text)


def _with_those_amid(found: list[ToolCall], text: str, names: Collection[str]) -> tuple[list[ToolCall], str]:
    """With the calls amid words: JSON, or lines that are calls."""
    amid: list[ToolCall] = []
    rest: list[str] = []
    at = before = 0
    for _ in range(_TRIES):
        if (start := _OPENS.search(text, at)) is None:
            break
        at = start.end()
        try:
            value, end = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        calls = _calls(value, names)
        if calls and all(call.name in names for call in calls):
            amid += calls
            rest.append(text[before : start.start()])
            at = before = end
    rest.append(text[before:])
    if amid:
        return [*found, *amid], "\n".join(rest)
    lines = text.splitlines()
    for place, line in enumerate(lines):
        calls = _python_calls(_bracketed(line)) or []
        if calls and all(call.name in names for call in calls):
            amid += calls
            lines[place] = ""
    return [*found, *amid], "\n".join(lines)


def _bracketed(line: str) -> str:
    """The list of calls in a line, or the line where it is a call."""
    start = line.find("[")
    ends = [one.end() for one in re.finditer(r"\)[ \t]*\]", line)] if start >= 0 else []
    if ends and start < ends[-1]:
        return line[start : ends[-1]]
    return line.strip() if _CALL.fullmatch(line.strip()) else ""


# ---- JSON ------------------------------------------------------------------------------------------------------------


def _json_calls(text: str, names: Collection[str]) -> list[ToolCall] | None:
    """The calls of a text that is JSON through and through; several objects may follow each other."""
    found: list[ToolCall] = []
    at = 0
    try:
        while at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            if (calls := _calls(value, names)) is None:
                return None
            found += calls
            at += len(text) - at - len(text[at:].lstrip(" \t\r\n;,"))
    except (ValueError, RecursionError):
        return None
    return found if text else None


def _calls(value: object, names: Collection[str]) -> list[ToolCall] | None:
    """The calls that a JSON value says; None where it says something else."""
    if isinstance(value, Mapping) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    if isinstance(value, list):
        each = [_call(one, names) for one in value]
        return None if any(one is None for one in each) else [one for one in each if one is not None]
    call = _call(value, names)
    return None if call is None else [call]


def _call(value: object, names: Collection[str]) -> ToolCall | None:
    if not isinstance(value, Mapping):
        return None
    value = value["function_call"] if isinstance(value.get("function_call"), Mapping) else value
    function = value.get("function", value)
    if isinstance(function, str) and any(key in value for key in _ARGUMENTS):
        return _only_call({**{key: value[key] for key in _ARGUMENTS if key in value}, "name": function})
    if isinstance(function, Mapping) and isinstance(function.get("name"), str):
        if function is not value or any(key in function for key in _ARGUMENTS) or function["name"] in names:
            return _only_call(value)
        return None
    if len(value) == 1:
        ((name, arguments),) = value.items()
        if isinstance(arguments, str):
            return _only_call({"name": name, "arguments": arguments}) if name in names else None
        if isinstance(arguments, Mapping) and (name in names or "." in str(name)):
            return ToolCall(str(name), dict(arguments))
    return None


def _only_call(value: object) -> ToolCall:
    """A call; one that says its arguments, or one of them, twice has none that could be right."""
    call = readable_call(value)
    function = value.get("function", value) if isinstance(value, Mapping) else None
    told = [said for key in _ARGUMENTS if isinstance(function, Mapping) and (said := function.get(key)) is not None]
    if len(told) > 1 or (
        told and isinstance(told[0], str) and isinstance(call.arguments, dict) and _decoded(told[0]) is None
    ):
        return replace(call, arguments=None)
    return call


def _decoded(text: str) -> Any:
    """The JSON value of a text; None where it is none, or holds a key twice."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


# ---- Python ----------------------------------------------------------------------------------------------------------


def _python_calls(text: str) -> list[ToolCall] | None:
    """The calls of a text that is an expression of calls and nothing else."""
    said = text.strip("`\n ")
    if not said or "(" not in said:
        return None
    said = said if said.startswith("[") else f"[{said}"
    said = said if said.endswith("]") else f"{said}]"
    try:
        tree = ast.parse(said, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.List) or not tree.elts:
        return None
    try:
        return [_python_call(one) for one in tree.elts]
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return None


def _python_call(node: ast.AST) -> ToolCall:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        raise TypeError("no call of a named function")
    arguments = {one.arg: _value(one.value) for one in node.keywords if one.arg is not None}
    if node.args or len(arguments) != len(
        node.keywords
    ):  # by place, unpacked, or one of them twice: whose value is whose?
        return ToolCall(ast.unparse(node.func), ast.unparse(node))
    return ToolCall(ast.unparse(node.func), arguments)


def _value(node: ast.expr, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if isinstance(node, ast.Constant):
        return "..." if node.value is Ellipsis else node.value
    if isinstance(node, ast.List):
        return [_value(one, depth + 1) for one in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(one, depth + 1) for one in node.elts)
    if isinstance(node, ast.Dict):
        return dict(_items(node, depth + 1))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(_value(node.operand, depth + 1))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = (_number(_value(side, depth + 1)) for side in (node.left, node.right))
        return _OPERATIONS[type(node.op)](left, right)
    if isinstance(node, ast.Name):  # a variable stands for its name
        return node.id
    if isinstance(node, ast.Call) and node.keywords:
        inner = _python_call(node)
        return {inner.name: inner.arguments}
    return ast.unparse(node)


def _items(node: ast.Dict, depth: int) -> Iterator[tuple[Any, Any]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise ValueError("a mapping is unpacked")
        yield _value(key, depth), _value(value, depth)


def _number(value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError("no number")
    return value
