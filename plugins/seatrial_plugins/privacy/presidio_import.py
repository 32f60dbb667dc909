"""The one place that imports presidio-analyzer: its recognisers by pattern, without spaCy, torch or transformers.

`import presidio_analyzer` imports spaCy whatever is asked for (2.2.366 still does), and torch and transformers where they
are installed: four seconds, and no recogniser at all on a machine without spaCy. The recognisers by pattern need none of
it. So presidio's own subpackages that do are stood in for while it is imported; the copy that comes of it is kept here
and taken out of `sys.modules` again, so that whoever imports presidio later gets it whole.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
import types
from importlib.abc import Loader
from importlib.machinery import ModuleSpec

from seatrial.errors import StageError

__all__ = ["import_recognizers"]

_PACKAGE = "presidio_analyzer"
_RECOGNIZERS = f"{_PACKAGE}.predefined_recognizers"
_HEAVY = (f"{_PACKAGE}.nlp_engine", f"{_RECOGNIZERS}.ner", f"{_RECOGNIZERS}.third_party")
_LOCK = threading.RLock()


def import_recognizers() -> types.ModuleType:
    """The module `presidio_analyzer.predefined_recognizers`, and with it everything that recognises by pattern.

    Raises:
        StageError: presidio-analyzer is not installed, or cannot be imported so.
    """
    with _LOCK:
        return _import_once()


@functools.cache
def _import_once() -> types.ModuleType:
    if sys.modules.get(_PACKAGE):  # somebody else imported it, and paid for that
        return importlib.import_module(_RECOGNIZERS)
    stand_ins = _StandIns()
    sys.meta_path.insert(0, stand_ins)
    try:
        return importlib.import_module(_RECOGNIZERS)
    except Exception as error:
        raise StageError(
            f"privacy: presidio-analyzer cannot be imported ({type(error).__name__}: {error}). Install seatrial with its "
            "extra `data`, from the versions of requirements.lock. Without spaCy, `pip install --no-deps "
            "presidio-analyzer` beside regex, PyYAML, pydantic, phonenumbers and tldextract is enough."
        ) from error
    finally:
        sys.meta_path.remove(stand_ins)
        for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == _PACKAGE]:
            del sys.modules[loaded]


class _StandIn(types.ModuleType):
    """A module with any class in it."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _StandIns(Loader):
    """Finds a stand-in for each heavy package and for every module below one."""

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        heavy = any(fullname == name or fullname.startswith(f"{name}.") for name in _HEAVY)
        return ModuleSpec(fullname, self, is_package=True) if heavy else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""
