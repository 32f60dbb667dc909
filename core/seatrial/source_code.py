"""Source code: what a component or a callable is written in; results are taken again only where it is the same.

A version says what its author remembered to raise; an editable plugin, or a file beside the suite, changes without one.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import all_suffixes
from pathlib import Path

__all__ = ["code_digest", "outermost", "room_digest", "source_files"]

_DATA_BYTES = 1 << 20
"""Files beside a package's code that are no larger count as code; larger ones (weights) are for `version` to tell."""

_LEFT_ASIDE = ("__pycache__", "runs")
"""Folders that hold what code leaves behind."""

_SUFFIXES = tuple(all_suffixes())
"""How modules end: source, byte code, extensions."""

_INSTALLED = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
"""Folders where what stands beside a module has nothing to do with it."""


def code_digest(file: Path, module: str = "") -> str:
    """SHA-256 of a module's code: of the file's bytes where it stands alone, else over all of `source_files`.

    Args:
        file: of the module.
        module: its full name, by which a namespace package is known, whose folders have no `__init__.py`.

    Raises:
        OSError: a file cannot be read.
    """
    files = source_files(file, module)
    digests = [hashlib.sha256(_read(one)).hexdigest() for one in files]
    if len(files) == 1:
        return digests[0]
    above = len(os.path.commonpath(files).rpartition("/")[0])
    named = [(one[above:], digest) for one, digest in zip(files, digests, strict=True)]
    return hashlib.sha256(repr(named).encode()).hexdigest()


def source_files(file: Path, module: str = "") -> list[str]:
    """The files that a module's code stands in, sorted.

    A module of a package: the outermost package, all of it, and its small data. And, but for what is installed, the modules
    and packages beside it that its code imports, and theirs. What is imported by a computed name, read or fetched is not
    known.
    """
    found: set[str] = set()
    tops, seen = [outermost(file.absolute(), module)], set[Path]()
    while tops:
        top = tops.pop()
        if top in seen:
            continue
        seen.add(top)
        files = set(_files_of(str(top))) if top.is_dir() else {str(top)}
        found |= files
        if beside := {} if _is_installed(top.parent) else _beside(top):
            named = {name for one in files if one.endswith(".py") for name in _imports(one, beside)}
            tops += [beside[name] for name in sorted(named) if _is_imported(beside[name])]
    return sorted(found)


def room_digest(file: Path) -> str:
    """SHA-256 over the package that a module stands in, all below it and its small data; of it alone where in none."""
    top = file.parent
    room = sorted(_files_of(str(top))) if (top / "__init__.py").is_file() else [str(file)]
    named = [(os.path.relpath(one, top), hashlib.sha256(_read(one)).hexdigest()) for one in room]
    return hashlib.sha256(repr(named).encode()).hexdigest()


def _read(file: str) -> bytes:
    with open(file, "rb", buffering=0) as stream:  # noqa: PTH123 - of hundreds of files, a Path for each took a third of the time
        return stream.read()


def outermost(file: Path, module: str = "") -> Path:
    """The folder of the outermost package that a module is in, of a namespace if its name says so; itself where in none."""
    top = file
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    first, _, below = module.partition(".")
    named = next((folder for folder in file.parents if below and folder.name == first), None)
    return named if named is not None and named in top.parents else top


def _files_of(package: str) -> Iterator[str]:
    seen: set[str] = set()
    inside: set[str] = set()
    """Folders below a package: a namespace holds packages, and no data."""
    for folder, folders, names in os.walk(package, followlinks=True):
        kept = [name for name in folders if name not in _LEFT_ASIDE and not name.startswith(".")]
        folders[:] = [name for name in kept if not (at := Path(folder, name)).is_symlink() or _is_new(at, seen)]
        is_package = folder in inside or "__init__.py" in names
        if is_package:
            inside |= {f"{folder}/{name}" for name in folders}
        for name in names:
            path = f"{folder}/{name}"
            if name.endswith(".py") or (is_package and _is_small_data(name, Path(path))):
                yield path


def _is_new(link: Path, seen: set[str]) -> bool:
    """Whether a linked folder was not gone through yet: a link to one above it would never end."""
    real = link.resolve()
    if str(real) in seen or link.parent.resolve().is_relative_to(real):
        return False
    seen.add(str(real))
    return True


def _is_small_data(name: str, path: Path) -> bool:
    if name.startswith(".") or name.endswith((".pyc", ".pyo")) or not path.is_file():
        return False
    return path.stat().st_size <= _DATA_BYTES


def _is_installed(folder: Path) -> bool:
    return folder in _INSTALLED or folder.name in {"site-packages", "dist-packages"}


def _beside(top: Path) -> dict[str, Path]:
    """Name → module or package, of what stands in the folder of a module or package."""
    packages, modules, namespaces = dict[str, Path](), dict[str, Path](), dict[str, Path]()
    with os.scandir(top.parent) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir():
                if (path / "__init__.py").is_file():
                    packages[entry.name] = path
                elif entry.name not in _LEFT_ASIDE and entry.name.isidentifier():
                    namespaces[entry.name] = path
            elif entry.name.endswith(_SUFFIXES):
                name = entry.name.partition(".")[0]
                if name not in modules or entry.name.endswith(".py"):
                    modules[name] = path
    # As imports look for them: a package, a module, a folder.
    return {name: one for name, one in (namespaces | modules | packages).items() if one != top}


def _is_imported(path: Path) -> bool:
    """Whether an import of its name finds it: of a folder without `__init__.py`, where no package of that name is installed, and
    it holds modules, however deep.
    """
    if path.is_file() or (path / "__init__.py").is_file():
        return True
    with suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(path.name)
        if spec is not None and spec.origin is not None and not Path(spec.origin).is_relative_to(path):
            return False
    return any(name.endswith(_SUFFIXES) for _, _, names in os.walk(path) for name in names)


def _imports(file: str, beside: dict[str, Path]) -> Iterator[str]:
    """The names in `beside` that a module imports."""
    source = _read(file)
    words = set(re.findall(r"\w+", source.decode("utf-8", "replace")))
    if not words & beside.keys():
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # it is not run before it is mended
        return
    for node in _statements(tree):
        said: list[str] = []
        if isinstance(node, ast.Import):
            said = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            said = [node.module] if node.module else [alias.name for alias in node.names]
        yield from (top for name in said if (top := name.partition(".")[0]) in beside)


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where a statement holds others."""


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All below it. Walking the expressions too took twice as long as parsing them."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in _BLOCKS:
            inside = getattr(node, block, None)
            if isinstance(inside, list):  # of a lambda, or `a if b else c`, it is an expression
                waiting += inside
