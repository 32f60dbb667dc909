"""A program to run: what stands before an answer, the code of the answer, and the tests."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from seatrial.rows import Check

__all__ = ["program_of"]

_FENCED = re.compile(r"(?:```|~~~)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:\n[ \t]*(?:```|~~~)|\Z)", re.DOTALL)
_PYTHON = ("python", "py", "python3", "")
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_PAST = re.compile(r"\n(?=class\b|def\b|async def\b|#|@|if\b|print\b|```|<)")
"""Where a continuation of a function goes on with something else (Chen et al., 2021, stop there while decoding)."""


def program_of(check: Check, answer: str) -> str:
    """The program that tells whether an answer is right: it ends without an exception where it is.

    A fenced block that defines the function under test is taken for the answer, with what blocks before it define, else the first
    fenced block of Python, else all of it. Code that defines the function replaces what the prompt begins; other code goes on with the prompt, up to the first
    line that is no more part of a function.
    """
    code = _code(check, answer)
    if not check.entry_point or _defines(code, check.entry_point):
        before = check.prefix if _compiles(check.prefix) else _imports(check)
        body = f"{before}\n{code}"
    else:
        body = next(iter(_continued(check.prefix, code)))
    called = f"\ncheck({check.entry_point})\n" if check.entry_point else "\n"
    return f"{body}\n{check.code}{called}"


def _code(check: Check, answer: str) -> str:
    blocks = [textwrap.dedent(said) for language, said in _FENCED.findall(answer) if language.lower() in _PYTHON]
    named = next(
        (at for at, said in enumerate(blocks) if check.entry_point and _defines(said, check.entry_point)), None
    )
    if named is None:
        return (blocks or [answer])[0]
    return "\n\n".join([*filter(_only_defines, blocks[:named]), blocks[named]])


def _only_defines(code: str) -> bool:
    """Whether it holds helpers alone: what else stands before may be how it is called, or what not to do."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(isinstance(one, _DEFINING) for one in body)


def _defines(code: str, name: str) -> bool:
    return re.search(rf"^(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b", code, re.MULTILINE) is not None


def _continued(prefix: str, code: str) -> Iterator[str]:
    """The prompt with its continuation; also where a tokenizer has taken the white space at its beginning."""
    cut = _PAST.split(code, maxsplit=1)[0]
    indented = f"    {cut.lstrip()}"
    tries = [f"{prefix}{cut}", f"{prefix}{indented}", f"{prefix.rstrip()}\n{indented}"]
    yield from [one for one in tries if _compiles(one)] or tries[:1]


def _imports(check: Check) -> str:
    """What the prompt says before the function that it leaves open."""
    return re.split(
        rf"^(?:async\s+)?def\s+{re.escape(check.entry_point)}\b", check.prefix, maxsplit=1, flags=re.MULTILINE
    )[0]


def _compiles(code: str) -> bool:
    try:
        compile(code, "<answer>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
