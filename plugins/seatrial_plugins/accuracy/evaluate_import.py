"""The one place that imports `evaluate`: without its evaluators, and so without torch, transformers and SciPy.

`import evaluate` imports its evaluators (0.4.6), which bring all of `transformers.pipelines`, torch and `scipy.stats`: two
thirds of the time that a run of a few rows takes, where no model is in this process, and half a gigabyte. A metric needs none
of it. So the two subpackages are stood in for while it is imported; whoever asks it for one of their names later gets the
real one.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import Any

__all__ = ["evaluate"]

_PACKAGE = "evaluate"
_HEAVY = (f"{_PACKAGE}.evaluation_suite", f"{_PACKAGE}.evaluator")


class _StandIn(types.ModuleType):
    """A module with any name in it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class _StandIns(Loader):
    """Finds a stand-in for each heavy subpackage."""

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if fullname in _HEAVY else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""


@contextmanager
def _without_evaluators() -> Iterator[None]:
    """What is imported in the block gets stand-ins for the evaluators, and loses them again where it is left."""
    if _PACKAGE in sys.modules:  # somebody else imported it, and paid for that
        yield
        return
    stand_ins = _StandIns()
    sys.meta_path.insert(0, stand_ins)
    try:
        yield
    finally:
        sys.meta_path.remove(stand_ins)
        for name in _HEAVY:
            sys.modules.pop(name, None)
        if whole := sys.modules.get(_PACKAGE):
            _complete_later(whole)


def _complete_later(package: types.ModuleType) -> None:
    """Take the stand-ins out of the package; the first who asks for one of their names has the real ones imported."""
    names = {name: value.__name__ for name, value in vars(package).items() if isinstance(value, _StandIn)}
    for name in names:
        delattr(package, name)

    def completed(asked: str) -> Any:
        if asked not in names:
            raise AttributeError(f"module {_PACKAGE!r} has no attribute {asked!r}")
        real = {name: vars(importlib.import_module(module)).get(name) for name, module in names.items()}
        # Importing `evaluate.evaluator` has put the module where its function belongs.
        vars(package).update({name: value for name, value in real.items() if value is not None})
        return getattr(package, asked)

    package.__getattr__ = completed  # type: ignore[method-assign]  # a module's own, PEP 562


with _without_evaluators():
    import evaluate
