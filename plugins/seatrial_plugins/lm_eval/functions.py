"""A task file's `!function`s: Python code, which runs only where the suite allows its file by name."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from seatrial.errors import SourceError, UsageError
from seatrial.runs.store import digest_json, digest_path
from seatrial.source_code import source_files
from seatrial_plugins.lm_eval.task_yaml import Function

__all__ = ["as_dataset", "check_allowed", "code_files", "load"]


def check_allowed(function: Function, allowed: Sequence[str]) -> None:
    """Refuse a function whose file the suite does not allow.

    Raises:
        UsageError: so it is, or the function's module is none beside the task file; the message says what to write.
    """
    file = function.file
    if not file.is_file():
        raise UsageError(
            f"{function.place}: !function {function.name}: there is no {file}; functions come out of files beside the task file, "
            "and no package is imported for them"
        )
    named = f"{file.parent.name}/{file.name}"
    if file.name not in allowed and named not in allowed:
        raise UsageError(
            f"{function.place}: !function {function.name} is code of {file}, which would run with all that you may do; if that "
            f"is meant, allow it by name: `functions: [{named}]`"
        )


def load(function: Function, allowed: Sequence[str]) -> Callable[..., Any]:
    """The function, its module loaded.

    Raises:
        UsageError: it is not allowed.
        SourceError: the module cannot be loaded, or has no such function.
    """
    check_allowed(function, allowed)
    name = function.name.rpartition(".")[2]
    file = function.file.resolve()
    found = getattr(_module(file, digest_json([digest_path(one) for one in code_files(file)])), name, None)
    if not callable(found):
        raise SourceError(f"{function.place}: {function.file} has no function {name!r}")
    return found


def code_files(file: Path) -> list[Path]:
    """The file of a function, and the modules beside it that it imports; of an installed package the file alone."""
    if _INSTALLED & {*file.parts}:
        return [file]
    return [Path(one) for one in source_files(file)]


_INSTALLED = {"site-packages", "dist-packages"}


@lru_cache(maxsize=64)
def _module(file: Path, digest: str) -> ModuleType:
    """The module, run anew where its code has changed since, as a notebook's does; what it imports from beside it as well."""
    beside = {str(one) for one in code_files(file)}
    for known, other in list(sys.modules.items()):
        if known != "__main__" and getattr(other, "__file__", None) in beside:
            del sys.modules[known]
    importlib.invalidate_caches()
    name = f"seatrial_lm_eval_{file.stem}_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SourceError(f"{file}: is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a module of the task's own may stumble over anything
        raise SourceError(f"{file}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def as_dataset(documents: list[dict[str, Any]]) -> Any:
    """The documents as `process_docs` expects them: a `datasets.Dataset`.

    Raises:
        SourceError: the library is not installed.
    """
    try:
        from datasets import Dataset
    except ImportError as error:
        raise SourceError("process_docs works on a datasets.Dataset: install seatrial[train]") from error
    try:
        return Dataset.from_list(documents)
    except (ValueError, TypeError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise SourceError(f"process_docs works on a datasets.Dataset, which the rows do not make: {error}") from error
