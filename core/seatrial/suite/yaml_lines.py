"""YAML that knows its lines, read by the rules of YAML 1.2's core schema.

PyYAML follows YAML 1.1, where the key `on` is the boolean true, `no` is false, `1e-3` is text and `010` is eight. A
suite says `on: input` and `lr: 1e-3`, so scalars are resolved by YAML 1.2.2, section 10.3.2: only `true` and `false`
are booleans. Keys are always text. Duplicate keys, tags, merge keys and documents that expand without bound are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from seatrial.terminal.legible import one_line

__all__ = ["MAX_BYTES", "Document", "KeyPath", "Mistake", "YamlError", "dump_yaml", "read_yaml"]

MAX_BYTES = 1_000_000
"""A longer file is no suite."""
MAX_VALUES = 50_000
"""Values after aliases are expanded: nine lines of nested aliases can ask for a billion."""
MAX_DEPTH = 50

KeyPath = tuple[str | int, ...]
"""Where a value stands: `("gates", 0, "metric")`."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": (r"~|null|Null|NULL|", [*"~nN", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        [*"-+.0123456789"],
    ),
}
"""Type → what a plain scalar of that type looks like, and the characters that it can start with."""


class _Loader(yaml.SafeLoader):
    """Composing is recursive in PyYAML, its parsing isn't: so no level is composed that lies too deep."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML declares it so, and fills it per class
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self._depth > MAX_DEPTH:
            raise YamlError(f"nested more than {MAX_DEPTH} levels deep", self.line + 1)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """Quotes text that either version of YAML would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


for _type, (_pattern, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _type, re.compile(rf"(?:{_pattern})\Z"), _first)


class YamlError(ValueError):
    """Text that is no YAML, or more than a suite may hold."""

    def __init__(self, message: str, line: int = 1) -> None:
        self.message = message
        self.line = line
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong that need not stop the reading."""

    line: int
    path: KeyPath
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as plain data, with the line of every key and list entry."""

    data: Any
    """Mappings have text keys; scalars are text, int, float, bool or None."""
    lines: Mapping[KeyPath, int]
    """1-based; `()` is the document's own."""
    mistakes: tuple[Mistake, ...] = ()
    """Duplicate keys (the first one counts), keys that are no text, merge keys."""


def read_yaml(text: str) -> Document:
    """Read one YAML document.

    Raises:
        YamlError: a syntax error, a tag, a second document, or a document beyond the limits above.
    """
    if len(text) > MAX_BYTES:
        raise YamlError(f"{len(text):,} characters; a suite holds at most {MAX_BYTES:,}")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        context = error.context or ""
        if error.context_mark and error.context_mark.line + 1 != line:
            context += f" that starts in line {error.context_mark.line + 1}"
        said = ", ".join(part for part in (context, error.problem) if part)
        if "'\\t'" in said:
            said += "; YAML is set in with spaces, so replace the tab by some"
        raise YamlError(f"not valid YAML at column {column}: {one_line(said)}", line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(
            f"not valid YAML: the character U+{ord(text[error.position]):04X} is not allowed", line
        ) from error
    reading = _Reading()
    return Document(
        None if node is None else reading.value(node, (), _line(node), frozenset()),
        reading.lines,
        tuple(reading.mistakes),
    )


def dump_yaml(data: Any) -> str:
    """Plain data as YAML that `read_yaml` reads back equal; keys stay in their order."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


@dataclass(slots=True)
class _Reading:
    """The state of one reading."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    values: int = 0

    def value(self, node: yaml.Node, path: KeyPath, line: int, inside: frozenset[int]) -> Any:
        """The node's plain value; `inside` are the nodes that it stands in, so that a loop of aliases is seen."""
        self.values += 1
        if self.values > MAX_VALUES:
            raise YamlError(f"more than {MAX_VALUES:,} values once its aliases are expanded", line)
        if id(node) in inside:
            raise YamlError("an alias that contains itself", line)
        self.lines[path] = line
        inside |= {id(node)}
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(entry, (*path, index), _line(entry), inside) for index, entry in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        raise YamlError(f"the tag {_tag(node)} is not accepted here", _line(node))

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, inside: frozenset[int]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Mistake(line, path, "a key must be text, not a list or a mapping"))
                continue
            key: str = key_node.value
            if key == "<<" and key_node.style is None:
                said = "merge keys (`<<`) belong to YAML 1.1 and are not read; repeat the keys, or use an alias for the whole"
                self.mistakes.append(Mistake(line, (*path, key), said))
            elif key in found:
                said = f"stands here twice; the first is in line {self.lines[*path, key]}"
                self.mistakes.append(Mistake(line, (*path, key), said))
            else:
                found[key] = self.value(value_node, (*path, key), line, inside)
        return found


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    kind = node.tag.removeprefix(_TAG)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise YamlError("a lone surrogate is no character", _line(node))
    if kind == "str":
        return text
    # A tag that stands in the file can promise what the text doesn't keep: `!!int "three"`.
    if kind not in _SCALARS or not re.fullmatch(_SCALARS[kind][0], text):
        raise YamlError(f"the tag {_tag(node)} is not accepted here", _line(node))
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return _whole(text, node)
    bare = text.lower().replace(".inf", "inf").replace(".nan", "nan")
    return math.nan if bare == "nan" else float(bare)


def _whole(text: str, node: yaml.ScalarNode) -> int:
    if len(text) > 40:
        raise YamlError(f"a whole number of {len(text)} digits", _line(node))
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    return int(text)


def _line(node: yaml.Node | yaml.Event) -> int:
    mark = node.start_mark
    return 1 if mark is None else mark.line + 1


def _tag(node: yaml.Node) -> str:
    tag: str = node.tag
    return one_line(tag.replace(_TAG, "!!"), 40)
