"""lm-eval's YAML: mappings that know their lines, `!function` as a name, `include`d files merged below their own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seatrial.errors import UsageError

__all__ = ["Function", "Keys", "read_keys"]

_MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Function:
    """A `!function module.name` of a task file: Python code, which nothing runs that the suite does not allow."""

    name: str
    """Such as `utils.process_docs`."""
    folder: Path
    """Where the module's file is looked for: beside the task file."""
    place: str
    """File and line, for errors."""

    @property
    def file(self) -> Path:
        """The module's file."""
        return self.folder / (self.name.rpartition(".")[0].replace(".", "/") + ".py")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a task file says, with what it includes."""

    path: Path
    values: Mapping[str, Any]
    places: Mapping[str, str]
    """Key → file and line, for errors."""
    files: tuple[Path, ...] = ()
    """All that was read."""

    def place(self, key: str) -> str:
        """Where the key stands."""
        return self.places.get(key, str(self.path))


class _Loader(yaml.SafeLoader):
    """One per file, so that a function knows where it stands."""

    folder: Path
    file: Path


def _function(loader: _Loader, node: yaml.Node) -> Function:
    place = f"{loader.file}:{node.start_mark.line + 1}"
    return Function(str(loader.construct_scalar(node)), loader.folder, place)  # type: ignore[arg-type]  # a scalar, or it raises


_Loader.add_constructor("!function", _function)


def read_keys(path: Path, seen: tuple[Path, ...] = ()) -> Keys:
    """The keys of a task file, with those of the files that it includes.

    Raises:
        UsageError: it cannot be read, is no mapping, or includes itself.
    """
    path = path.resolve()
    if path in seen:
        raise UsageError(f"{path}: includes itself, by way of {seen[-1]}")
    values, places = _read(path)
    files: tuple[Path, ...] = (path,)
    included = values.pop("include", None)
    merged: dict[str, Any] = {}
    lines: dict[str, str] = {}
    included = [included] if isinstance(included, str) else included or []
    if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
        raise UsageError(f"{places['include']}: include is {included!r:.60}; write a file's name, or a list of them")
    for name in included:
        other = read_keys(path.parent / str(name), (*seen, path))
        merged |= {key: value for key, value in other.values.items() if key != "task_list"}
        lines |= other.places
        files += other.files
    return Keys(path, merged | values, lines | places, files)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the task file cannot be read: {error}") from error
    if len(text) > _MOST_BYTES:
        raise UsageError(f"{path}: {len(text):,} characters are more than a task file has")
    loader = _Loader(text)
    loader.file, loader.folder = path, path.parent
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(f"{path}: is no mapping of keys to values, so no task file")
        places = {str(key.value): f"{path}:{key.start_mark.line + 1}" for key, _ in node.value}
        values: dict[str, Any] = loader.construct_document(node)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{path}: is not YAML that a task file may have: {error}") from error
    finally:
        loader.dispose()
    return {str(key): value for key, value in values.items()}, places
