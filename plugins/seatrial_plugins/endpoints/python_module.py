"""Modules of the user's: found, run, and blamed where they fail."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from seatrial.errors import SourceError
from seatrial.source_code import code_digest, source_files
from seatrial.terminal.legible import one_line

__all__ = ["UserError", "blame", "import_module", "importable_from_here", "source_digest"]

UserError = (Exception, SystemExit)
"""What the user's code may raise and does not end a run by."""

_RAN = "__seatrial_ran__"
"""The attribute of a module that holds the digest of the file that was run."""


@contextlib.contextmanager
def importable_from_here() -> Iterator[None]:
    """While the block runs, modules of the current folder can be imported; installed ones of the same name come first."""
    here = str(Path.cwd())
    if here in sys.path or "" in sys.path:
        yield
        return
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)


def import_module(name: str, address: str) -> ModuleType:
    """The module, run if it has not been yet, and again where its file has changed since (as notebooks' do).

    Raises:
        SourceError: there is none, or it fails.
    """
    with importable_from_here():
        try:
            module = importlib.import_module(name)
            digest = source_digest(module)
            if getattr(module, _RAN, digest) != digest:
                module = _run_again(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise _fails(name, address, error) from error
            raise SourceError(
                f"{address}: there is no module {error.name!r}: it is not installed, nor in {Path.cwd()}"
            ) from error
        except UserError as error:
            raise _fails(name, address, error) from error
    setattr(module, _RAN, digest)
    return module


def _fails(name: str, address: str, error: BaseException) -> SourceError:
    return SourceError(f"{address}: importing {name} fails: {blame(error, name)}")


def source_digest(module: ModuleType) -> str | None:
    """SHA-256 of the module's code, with the modules beside it that it imports; None where it has no file."""
    file = getattr(module, "__file__", None)
    return code_digest(Path(file), module.__name__) if isinstance(file, str) and Path(file).is_file() else None


def _run_again(module: ModuleType) -> ModuleType:
    """The module from its file as it is now, and its package and what it imports from beside it as well."""
    files = set(source_files(Path(str(module.__file__)), module.__name__))
    for name, other in list(sys.modules.items()):
        if name != "__main__" and (other is module or getattr(other, "__file__", None) in files):
            del sys.modules[name]
    importlib.invalidate_caches()
    return importlib.import_module(module.__name__)


def blame(error: BaseException, name: str) -> str:
    """`support_bot:12: KeyError: 'desk'`: the last line of the user's module that was running, and what it ended with."""
    places, trace = [], error.__traceback__
    while trace is not None:
        places.append((str(trace.tb_frame.f_globals.get("__name__", "?")), trace.tb_lineno))
        trace = trace.tb_next
    own = [place for place in places if place[0] == name]
    module, line = (own or places or [(name, 0)])[-1]
    if isinstance(error, SyntaxError) and error.lineno:
        module, line = Path(error.filename or name).stem, error.lineno
    said = one_line(str(error), 300)
    return f"{module}:{line}: {type(error).__name__}" + (f": {said}" if said else "")
