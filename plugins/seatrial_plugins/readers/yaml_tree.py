"""YAML as a tree of nodes with their lines, built from the parser's events.

Not from PyYAML's composer: its C version recurses until the process dies on deep nesting, an alias lets a file of one
kilobyte grow without bound, and one error loses the whole file.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from seatrial_plugins.readers.excerpt import excerpt_of
from seatrial_plugins.readers.lines import Line, read_lines
from seatrial_plugins.readers.opening import LIMIT

__all__ = ["Document", "Node", "read_document"]

_DEPTH = 50
"""How deep a record may be nested; chat messages with tool calls need less than ten."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 1000
"""Where parsing ends: its time grows with the square of the depth."""
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TEXT = "tag:yaml.org,2002:str"
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
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
    items: list[Node] = field(default_factory=list)
    """A list's items; a mapping's keys and values in turn."""
    problem: str = ""
    """What is wrong with it, or with something in it."""
    start: int = 0
    size: int = 0
    """Characters."""

    def value(self) -> Any:
        """The node as JSON has it: YAML 1.2's core schema without its special floats.

        So `no`, `12:30` and `2024-01-01` are texts, unlike in YAML 1.1.
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
class Document:
    """The one document of a file, as far as it could be read."""

    root: Node | None
    text: str
    end: Line | None
    """The problem that ended it early."""

    def excerpt(self, node: Node) -> str:
        """How the node stands in the file."""
        return excerpt_of(self.text[node.start : node.start + min(node.size, 1000)])


def _scalar(text: str) -> Any:
    if text.lower() in _CONSTANTS and text in {text.lower(), text.upper(), text.capitalize()}:
        return _CONSTANTS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


def read_document(file: Path, *, keep: int, limit: int = LIMIT) -> Document:
    """The file's document. Where it breaks off, the lists down to depth `keep` hold the records before the break."""
    lines, end = [], None
    for line in read_lines(file, limit=limit):
        if line.ends:
            end = line
        else:
            lines.append(_printable(line))
    text = "".join(line.text for line in lines)
    builder = _Builder(lines, limit)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.add(event)
    except yaml.YAMLError as error:
        end = end or builder.broken_at(error, text)
    return Document(builder.finish(keep), text, end)


def _printable(line: Line) -> Line:
    """The line without characters that end the parsing of a whole file; they are its own problem only."""
    found = _UNPRINTABLE.search(line.text)
    if found is None:
        return line
    problem = line.problem or f"control character U+{ord(found[0]):04X} at character {found.start() + 1} of the line"
    return Line(line.number, _UNPRINTABLE.sub("\ufffd", line.text), problem)


class _Builder:
    """Puts events together; a node too deep, an alias or a broken line becomes the problem of all that hold it."""

    def __init__(self, lines: Sequence[Line], limit: int) -> None:
        self._root: Node | None = None
        self._stack: list[Node] = []
        self._too_deep = 0
        self._documents = 0
        self._limit = limit
        self._broken = {line.number: line.problem for line in lines if line.problem}
        # YAML also breaks lines at a carriage return and at U+0085, U+2028, U+2029; other programs' line numbers don't.
        self._starts = list(itertools.accumulate((len(line.text) for line in lines[:-1]), initial=0))

    def _line(self, index: int) -> int:
        """The 1-based physical line of a character."""
        return bisect.bisect_right(self._starts, index)

    def broken_at(self, error: yaml.YAMLError, text: str) -> Line:
        """Where and why the parser gave up."""
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            said = getattr(error, "problem", None) or getattr(error, "context", None) or "unexpected text"
            index = min(mark.index, len(text))
        else:
            said, index = str(error).split("\n", 1)[0] or "unexpected text", 0
        line = self._line(index)
        column = index - self._starts[line - 1] + 1
        return Line(line, "", f"broken YAML: {said} at column {column}; what follows here is lost")

    def add(self, event: Any) -> None:
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
            line = self._line(start.index)
            self._stack.append(Node(kind, line, line, start=start.index))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            if self._too_deep:
                self._too_deep -= 1
                return
            self._close(self._stack.pop(), event)
        elif isinstance(event, yaml.ScalarEvent) and not self._too_deep:
            node = Node("scalar", self._line(start.index), 0, event.value, start=start.index)
            node.plain = event.implicit[0] and not event.style
            if event.tag not in {None, "!", _TEXT}:
                node.problem = "a YAML tag other than !!str"
            self._close(node, event)
        elif isinstance(event, yaml.AliasEvent) and not self._too_deep:
            node = Node("scalar", self._line(start.index), 0, start=start.index)
            node.problem = "a YAML alias (*name); write the text out"
            self._close(node, event)

    def _close(self, node: Node, event: Any) -> None:
        # The end mark of a block stands at the start of what follows it.
        node.last = max(node.line, self._line(event.end_mark.index - 1))
        node.size = event.end_mark.index - node.start
        if node.kind == "mapping":
            self._check_keys(node)
        if node.size > self._limit:
            node.problem = f"longer than {self._limit:,} characters"
        if self._broken and not node.problem and node.kind == "scalar":
            hit = [self._broken[line] for line in range(node.line, node.last + 1) if line in self._broken]
            node.problem = hit[0] if hit else ""
        if not self._stack:
            self._root = node
            return
        self._stack[-1].items.append(node)
        self._stack[-1].problem = self._stack[-1].problem or node.problem

    @staticmethod
    def _check_keys(node: Node) -> None:
        keys = [key.text for key in node.items[::2] if key.kind == "scalar"]
        if len(keys) != len(node.items) // 2:
            node.problem = node.problem or "a key that is no text"
        elif len(set(keys)) != len(keys):
            node.problem = node.problem or "a key stands twice in one mapping"

    def finish(self, keep: int) -> Node | None:
        """The root; after an error, without the nodes that were still open below depth `keep`."""
        if self._root is None and self._stack:
            del self._stack[keep:]
            while len(self._stack) > 1:
                node = self._stack.pop()
                self._stack[-1].items.append(node)
            self._root = self._stack[0]
        return self._root
