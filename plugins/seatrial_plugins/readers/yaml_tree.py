"""YAML as a tree of nodes with their lines, built from the parser's events.

Not from PyYAML's composer: its C version recurses until the process dies on deep nesting, an alias lets a file of one
kilobyte grow without bound, and one error loses the whole file. The parser is fed as it goes on, and a list's items are
given away one by one, so that a file may be longer than memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.yaml_text import YamlText

__all__ = ["MOST_NODES", "Node", "YamlEnd", "read_items", "read_root"]

_DEPTH = 50
"""How deep a record may be nested; chat messages with tool calls need less than ten."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 1000
"""Where parsing ends: its time grows with the square of the depth."""
MOST_NODES = 1_000_000
"""Texts, lists and mappings of one record: each takes two hundred bytes, however short it is in the file."""
_TEXT = "tag:yaml.org,2002:str"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,3999}")
_CONSTANTS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(slots=True)
class Node:
    """A scalar, a list or a mapping."""

    kind: str
    """`scalar`, `list` or `mapping`."""
    line: int
    last: int
    """1-based, first and last line."""
    text: str = ""
    """A scalar as it was written, without quotes."""
    plain: bool = True
    """Whether a scalar stands without quotes or tag, so that it may mean a number or a truth value."""
    items: Sequence[Node] = ()
    """A list's items; a mapping's keys and values in turn."""
    problem: str = ""
    """What is wrong with it, or with something in it."""
    start: int = 0
    size: int = 0
    """Characters."""
    excerpt: str = ""
    """How a record stands in the file, its first characters."""

    def value(self) -> Any:
        """The node as JSON has it: YAML 1.2's core schema without its special floats.

        So `no`, `12:30` and `2024-01-01` are texts, unlike in YAML 1.1, and so is a number that would not be written back as
        it stands, such as 007 or 1.10.
        """
        if self.kind == "scalar":
            return _scalar(self.text) if self.plain else self.text
        if self.kind == "list":
            return [item.value() for item in self.items]
        return dict(self.pairs())

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """A mapping's keys and values."""
        for key, value in zip(self.items[::2], self.items[1::2], strict=False):
            yield key.text, value.value()

    def get(self, key: str) -> Node | None:
        """The node under a mapping's key."""
        return next(
            (value for name, value in zip(self.items[::2], self.items[1::2], strict=False) if name.text == key), None
        )


@dataclass(frozen=True, slots=True)
class YamlEnd:
    """How a file ended."""

    root: Node | None
    """Its document; without its items, where these were given away."""
    line: int = 0
    problem: str = ""
    """What ended it early, and where; "" where it was read to its end."""


def _scalar(text: str) -> Any:
    if text.lower() in _CONSTANTS and text in {text.lower(), text.upper(), text.capitalize()}:
        return _CONSTANTS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text and number - number == 0 else text


def read_items(file: Path, *, limit: int = LIMIT) -> Iterator[Node | YamlEnd]:
    """The items of the list that a file is, each when it was read, and last how the file ended.

    Where the file is no list, there are none. Where it breaks off, those before the break were given.
    """
    yield from _Builder(YamlText(file, limit), limit, keep=1, give=True).items()


def read_root(file: Path, *, keep: int, limit: int = LIMIT) -> YamlEnd:
    """A file's whole document, of at most `limit` characters. Where it breaks off, the lists down to depth `keep` hold
    the records before the break.
    """
    builder = _Builder(YamlText(file, limit), limit, keep=keep, give=False)
    for end in builder.items():
        if isinstance(end, YamlEnd):
            return end
    raise AssertionError


class _Builder:
    """Puts events together; a node too deep, an alias or a broken line becomes the problem of all that hold it."""

    def __init__(self, text: YamlText, limit: int, *, keep: int, give: bool) -> None:
        self._text = text
        self._limit = limit
        self._keep = keep
        self._give = give
        self._root: Node | None = None
        self._stack: list[Node] = []
        self._done: list[Node] = []
        """Items of the root that wait to be given away."""
        self._nodes = 0
        self._too_deep = 0
        self._documents = 0

    def items(self) -> Iterator[Node | YamlEnd]:
        """Parse the file."""
        line, problem = 0, ""
        try:
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._add(event)
                if self._done:
                    yield from self._done
                    self._done.clear()
        except yaml.YAMLError as error:
            line, problem = self._broken_at(error)
        if self._text.problem:
            line, problem = self._text.ended_at, self._text.problem
        root = self._finish()
        if self._give and root is not None and root.kind == "list":
            yield from root.items
        yield YamlEnd(root, line, problem)

    def _broken_at(self, error: yaml.YAMLError) -> tuple[int, str]:
        """Where and why the parser gave up."""
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            said = getattr(error, "problem", None) or getattr(error, "context", None) or "unexpected text"
            index = min(mark.index, self._text.read_to)
        else:
            said, index = str(error).split("\n", 1)[0] or "unexpected text", 0
        line, column = self._text.at(index)
        return line, f"broken YAML: {said} at column {column}; what follows here is lost"

    def _add(self, event: Any) -> None:
        start = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise yaml.MarkedYAMLError(problem="a second document", problem_mark=start)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if self._too_deep or len(self._stack) >= _DEPTH:
                self._too_deep += 1
                if self._too_deep > _DEEPEST:
                    raise yaml.MarkedYAMLError(problem=f"nested more than {_DEEPEST:,} deep", problem_mark=start)
                self._stack[-1].problem = f"nested more than {_DEPTH} deep"
                return
            kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
            line = self._text.at(start.index)[0]
            self._stack.append(Node(kind, line, line, start=start.index, items=[]))
            self._count()
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            if self._too_deep:
                self._too_deep -= 1
                return
            self._close(self._stack.pop(), event)
        elif isinstance(event, yaml.ScalarEvent) and not self._too_deep:
            node = Node("scalar", self._text.at(start.index)[0], 0, event.value, start=start.index)
            node.plain = event.implicit[0] and not event.style
            if event.tag not in {None, "!", _TEXT}:
                node.problem = "a YAML tag other than !!str"
            self._count()
            self._close(node, event)
        elif isinstance(event, yaml.AliasEvent) and not self._too_deep:
            node = Node("scalar", self._text.at(start.index)[0], 0, start=start.index)
            node.problem = "a YAML alias (*name); write the text out"
            self._close(node, event)

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES and self._stack:
            # The record is a problem as a whole, so nothing of it need be kept.
            place = min(self._keep, len(self._stack) - 1)
            for node in self._stack[place:]:
                node.problem, node.items = f"more than {MOST_NODES:,} values", []

    def _close(self, node: Node, event: Any) -> None:
        # The end mark of a block stands at the start of what follows it.
        node.last = max(node.line, self._text.at(event.end_mark.index - 1)[0])
        node.size = event.end_mark.index - node.start
        if node.kind == "mapping":
            self._check_keys(node)
        if node.size > self._limit:
            node.problem = f"longer than {self._limit:,} characters"
        if not node.problem and node.kind == "scalar":
            node.problem = self._text.problem_in(node.line, node.last)
        if not self._stack:
            node.excerpt = self._text.excerpt(node.start, node.size)
            self._root = node
            return
        parent = self._stack[-1]
        if len(self._stack) <= self._keep:
            node.excerpt = self._text.excerpt(node.start, node.size)
            self._nodes = 0
        parent.problem = parent.problem or node.problem
        if self._give and len(self._stack) == 1 and parent.kind == "list":
            self._done.append(node)
            self._text.forget(event.end_mark.index)
        elif self._nodes <= MOST_NODES:
            assert isinstance(parent.items, list)
            parent.items.append(node)

    @staticmethod
    def _check_keys(node: Node) -> None:
        keys = [key.text for key in node.items[::2] if key.kind == "scalar"]
        if len(keys) != len(node.items) // 2:
            node.problem = node.problem or "a key that is no text"
        elif len(set(keys)) != len(keys):
            node.problem = node.problem or "a key stands twice in one mapping"

    def _finish(self) -> Node | None:
        """The root; after an error, without the nodes that were still open below depth `keep`."""
        if self._root is None and self._stack:
            del self._stack[self._keep :]
            while len(self._stack) > 1:
                node = self._stack.pop()
                self._stack[-1].items = [*self._stack[-1].items, node]
            self._root = self._stack[0]
        return self._root
