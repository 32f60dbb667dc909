"""Unread calls: an answer that is written as a call, in a notation or a state in which no call can be read.

A model that calls a tool where it should not has not held back because its call was cut off, or is in another model's notation.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

__all__ = ["begins_a_call", "says_a_call"]

_MARKS = re.compile(
    r"<tool_call>\s*[<{\[]|<tool_calls>|<\|tool[_▁]call|<｜tool▁call|\[TOOL_CALLS\]|<\|python_tag\|>|<function=|<invoke name="
    r"|<\|action_start\|>|<function_calls?>|\bfunctools\s*\["
)
"""What stands before a call and in no words: Hermes and Qwen, DeepSeek, Mistral, Llama, Anthropic, InternLM, Phi."""


def begins_a_call(text: str, names: Collection[str]) -> bool:
    """Whether a call's notation stands in it: a mark of one, or JSON that names a tool."""
    return _MARKS.search(text) is not None or (bool(names) and _structures(frozenset(names)).search(text) is not None)


def says_a_call(text: str, names: Collection[str]) -> bool:
    """The same, or a tool's name with arguments in brackets amid words: `I will call weather(city="Rome")`."""
    return begins_a_call(text, names) or (bool(names) and _written(frozenset(names)).search(text) is not None)


@lru_cache(maxsize=1024)
def _structures(names: frozenset[str]) -> re.Pattern[str]:
    name = _any_of(names)
    return re.compile(
        rf"""["'](?:name|function|tool|tool_name|action)["']\s*:\s*["']{name}["']|["']{name}["']\s*:\s*\{{"""
        rf"""|<tool_call>\s*{name}\b|(?<![\w.]){name}\s*(?:\[ARGS\]\s*)?\{{\s*["']|<{name}>\s*<|^\s*Action:\s*{name}\b""",
        re.MULTILINE,
    )


@lru_cache(maxsize=1024)
def _written(names: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"""(?<![\w.]){_any_of(names)}(?:\.call)?\(\s*(?:\w+\s*=[^=]|["'{{\[\d-]|\*\*)""")


def _any_of(names: frozenset[str]) -> str:
    return f"(?:{'|'.join(re.escape(one) for one in sorted(names, key=lambda one: (-len(one), one)))})"
