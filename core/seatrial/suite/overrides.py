"""`--set a.b=c`: one key of a suite, said on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seatrial.errors import Problem, did_you_mean
from seatrial.suite.complaints import listed, shown, written
from seatrial.suite.secrets import without_secrets
from seatrial.suite.yaml_lines import KeyPath, YamlError, read_yaml
from seatrial.terminal.legible import one_line

__all__ = ["Places", "apply_overrides"]


_DEEPEST = 50
"""Levels of a key; as deep as a value may be nested."""

_DIGITS = 9
"""Digits of an entry's number that are looked at: no list of a suite is longer."""


@dataclass(slots=True)
class Places:
    """Where each key of a suite was said: a line of the file, or a `--set` argument."""

    file: str
    lines: dict[KeyPath, int]
    arguments: dict[KeyPath, str] = field(default_factory=dict)

    def of(self, path: KeyPath) -> tuple[int, str]:
        """Line and origin of the key, or of the nearest key around it that was said; line 0 for an argument."""
        for length in range(len(path), -1, -1):
            if (argument := self.arguments.get(path[:length])) is not None:
                return 0, argument
            if (line := self.lines.get(path[:length])) is not None:
                return line, self.file
        return 1, self.file

    def line(self, path: KeyPath) -> int:
        """The line in the file; 0 for an argument."""
        return self.of(path)[0]

    def replace(self, path: KeyPath, argument: str) -> None:
        """Say that what stands at `path` came with `argument`."""
        for said in (self.lines, self.arguments):
            for old in [old for old in said if old[: len(path)] == path]:
                del said[old]
        self.arguments[path] = argument


def apply_overrides(data: dict[str, Any], overrides: Sequence[str], places: Places) -> list[Problem]:
    """Change `data` as the arguments say, in order; what cannot be done is a problem and changes nothing.

    `a.b=c`: keys joined by dots; entries of lists by number, `gates[0].min` or `gates.0.min`, or by the name or alias of
    the component that they name, `score.attack.samples`. The value is YAML.
    """
    problems = []
    for override in overrides:
        origin = f"--set {one_line(without_secrets(override), 200)}"
        try:
            path, value = _split(override)
            places.replace(_place(data, path, value), origin)
        except _UnusableError as error:
            problems.append(Problem(0, error.key, str(error), origin))
    return problems


class _UnusableError(ValueError):
    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def _split(override: str) -> tuple[list[str], Any]:
    key, equals, text = override.partition("=")
    path = [part for part in re.split(r"\.|\[(\d+)\]", key.strip()) if part]
    if not equals or not path:
        raise _UnusableError("", "is not KEY=VALUE, such as train.r=8 or gates[0].min=0.8")
    if len(path) > _DEEPEST:
        raise _UnusableError("", f"names a key {len(path):,} levels deep; a suite's are at most {_DEEPEST} deep")
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise _UnusableError(key.strip(), f"the value is {error.message}; quote it") from error
    if document.mistakes:
        raise _UnusableError(key.strip(), f"the value: {document.mistakes[0].message}")
    return path, document.data


def _place(data: dict[str, Any], keys: Sequence[str], value: Any) -> KeyPath:
    """Put `value` where the keys lead, and say where that is: the outermost key that was not there before."""
    path: list[str | int] = []
    made: KeyPath = ()
    here: Any = data
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(here, dict):
            path.append(key)
            if last:
                here[key] = value
            elif here.get(key) is None:
                here[key] = {}
                made = made or tuple(path)
            here = here[key]
        elif isinstance(here, list):
            index = _index(here, key, tuple(path))
            path.append(index)
            if key.isdecimal():
                if last:
                    here[index] = value
                here = here[index]
            else:
                name, options = _opened(here, index)
                path.append(name)
                if last:
                    here[index] = {name: value}
                here = options
        else:
            said = written(tuple(path))
            raise _UnusableError(written((*path, key)), f"'{said}' is {shown(here)}, which holds no keys")
    return made or tuple(path)


def _opened(entries: list[Any], index: int) -> tuple[str, dict[str, Any]]:
    """The entry `name` or `name: null` as `name: {options}`, so that options can be put in."""
    entry = entries[index]
    name, options = (entry, None) if isinstance(entry, str) else next(iter(entry.items()))
    if not isinstance(options, dict):
        options = {}
        entries[index] = {name: options}
    return name, options


def _index(entries: list[Any], key: str, path: KeyPath) -> int:
    if key.isdecimal():
        number = int(key[:_DIGITS]) if len(key) > _DIGITS else int(key)
        if number < len(entries) and len(key) <= _DIGITS:
            return number
        raise _UnusableError(written((*path, number)), f"'{written(path)}' has {len(entries)} entries, numbered from 0")
    names = [sorted(_names(entry)) for entry in entries]
    found = [index for index, known in enumerate(names) if key in known]
    if len(found) == 1:
        return found[0]
    known = [name for names_of_one in names for name in names_of_one]
    if found:
        raise _UnusableError(
            written((*path, key)), f"{len(found)} entries are called '{key}'; use their number or `as:`"
        )
    raise _UnusableError(
        written((*path, key)), f"no entry is called '{key}'{did_you_mean(key, known)}; there are: {listed(known)}"
    )


def _names(entry: Any) -> set[str]:
    """What an entry of a list of components is called: its alias, else the component's name."""
    if isinstance(entry, str):
        return {entry}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        return set()
    name, options = next(iter(entry.items()))
    alias = options.get("as") if isinstance(options, Mapping) else None
    return {alias if isinstance(alias, str) else name}
