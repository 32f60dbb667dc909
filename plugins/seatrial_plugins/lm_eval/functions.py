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
from seatrial.source_code import code_digest, source_files
from seatrial_plugins.lm_eval.task_yaml import Function

__all__ = ["as_dataset", "check_allowed", "load"]


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
    found = getattr(_module(file, code_digest(file)), name, None)
    if not callable(found):
        raise SourceError(f"{function.place}: {function.file} has no function {name!r}")
    return found


@lru_cache(maxsize=64)
def _module(file: Path, digest: str) -> ModuleType:
    """The module, loaded anew where its code, or what it imports beside it, has changed since."""
    del digest
    name = f"seatrial_lm_eval_{abs(hash(file))}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SourceError(f"{file}: is no Python module")
    beside = {Path(one) for one in source_files(file)} - {file}
    for stale in [
        key for key, one in sys.modules.items() if Path(getattr(one, "__file__", None) or "/").resolve() in beside
    ]:
        del sys.modules[stale]
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
    return Dataset.from_list(documents)
