"""Untested: whether a row's tests would test anything, whatever program they are given."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from seatrial.rows import Check

__all__ = ["untested"]

_BY_NAME = frozenset({"globals", "eval", "exec", "vars", "locals", "__import__"})
"""What reaches a program without saying its names."""


def untested(check: Check) -> str:
    """Why tests would pass any program, or none; "" where they can tell one from another.

    Read, not run: something has to run when the module does, and to name what the tests themselves do not define.
    """
    if not check.code.strip():
        return "it has no tests"
    try:
        tree = ast.parse(check.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"its tests are no Python: {error}"
    if check.entry_point:
        return _unchecked(tree, check.entry_point)
    if not any(_may_fail(one) for one in tree.body):
        checks = any(isinstance(one, ast.FunctionDef) and one.name == "check" for one in tree.body)
        lacking = ": they define `check`, and no `entry_point` says what it should be called with" if checks else ""
        return (
            f"nothing in its tests is ever run{lacking or ' (functions and classes are, where something calls them)'}"
        )
    loaded = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    if loaded & _BY_NAME or loaded - set(_bound(tree)) - set(dir(builtins)):
        return ""
    return "its tests name nothing that a program could define"


def _unchecked(tree: ast.Module, entry_point: str) -> str:
    """Of HumanEval's layout: `check(entry_point)` is called behind the tests."""
    defined = (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    check = next((one for one in defined if one.name == "check"), None)
    if check is None:
        return "" if "check" in _bound(tree) else f"its tests define no `check` that could be called with {entry_point}"
    inside = list(ast.walk(check))
    if isinstance(check, ast.AsyncFunctionDef) or any(isinstance(one, ast.Yield | ast.YieldFrom) for one in inside):
        return "its `check` is a coroutine or a generator: to call it runs nothing"
    names = {entry_point, *(one.arg for one in (*check.args.posonlyargs, *check.args.args))}
    if any(isinstance(one, ast.Name) and one.id in names for one in inside):
        return ""
    return f"its `check` never uses {entry_point}"


def _may_fail(statement: ast.stmt) -> bool:
    """Whether it asserts, raises or calls something when the module runs; a program is not `__main__`."""
    if isinstance(statement, ast.If) and "__name__" in {
        one.id for one in ast.walk(statement.test) if isinstance(one, ast.Name)
    }:
        return any(map(_may_fail, statement.orelse))
    return any(isinstance(one, ast.Assert | ast.Raise | ast.Call) for one in _walked([statement]))


def _walked(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """What runs at once: not the bodies of functions and classes that are only defined."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (one.asname or one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.arg):
            yield node.arg
