"""The loader of Python callables."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from seatrial.errors import SourceError
from seatrial.model import PROTOCOLS, Capability, Model, Product, ProductKind, PythonCallable, Target
from seatrial.sources import Resolved
from seatrial_plugins.endpoints.python_model import python_model
from seatrial_plugins.endpoints.python_module import (
    UserError,
    blame,
    import_module,
    importable_from_here,
    source_digest,
)
from seatrial_plugins.endpoints.runnable import input_of, is_runnable

__all__ = ["PythonLoader"]

NOT_KNOWN = (
    "what the callable loads, reads or asks by itself (weights, files, environment variables, services); answers that it gave "
    "are taken again while its code is the same, and --fresh asks anew"
)
"""What the digest of a callable's code does not hold."""

_NAME = r"[^\W\d]\w*"
_ADDRESS = re.compile(rf"python:(?P<module>{_NAME}(\.{_NAME})*):(?P<name>{_NAME})")
_CAPABILITIES: tuple[Capability, ...] = ("generates", "scores", "classifies")


class PythonLoader:
    """`python:MODULE:FACTORY` (`seatrial.model.Loader`)."""

    def __init__(self, concurrency: int = 1) -> None:
        self._concurrency = concurrency

    def resolve(self, address: str, find: Callable[[str], Resolved], cache: Path) -> PythonCallable:
        """The factory that the address names; its module is run, the factory is not.

        Raises:
            SourceError: there is no such factory, its module fails, or it could not be called without arguments.
        """
        del find, cache
        parts = _ADDRESS.fullmatch(address)
        if parts is None:
            raise SourceError(f"{address}: not the address of a callable; write `python:package.module:factory`")
        module = import_module(parts["module"], address)
        facts = {"not_known": NOT_KNOWN}
        target = PythonCallable(address, parts["module"], parts["name"], source_digest(module), facts)
        _check_callable(target)
        if not _promised(_factory(target)):
            raise SourceError(
                f"{address}: what {target.name} returns has no `generate`, `loglikelihoods` or `classify`, is no runnable, and cannot be called"
            )
        return target

    def provides(self, target: Target, product: ProductKind | None) -> frozenset[Capability]:
        """What the class after the factory's `->` can do; a factory that names none generates. With a product, nothing."""
        return _promised(_factory(_callable(target))) if product is None else frozenset()

    @contextmanager
    def open(self, target: Target, product: Product | None = None) -> Iterator[Model]:
        """What the factory makes.

        Raises:
            SourceError: the factory fails, or makes what cannot do what it promised.
        """
        if product is not None:
            self.check_product(product)
        wanted = _callable(target)
        if source_digest(import_module(wanted.module, wanted.address)) != wanted.digest:
            raise SourceError(
                f"{wanted.address}: its file has changed since this run began; run the same command again"
            )
        factory = _factory(wanted)
        with importable_from_here():
            try:
                made = factory()
            except UserError as error:
                raise SourceError(f"{wanted.address}: {wanted.name}() fails: {blame(error, wanted.module)}") from error
            promised = _promised(factory)
            if missing := sorted(promised - _has(made)):
                raise SourceError(
                    f"{wanted.address}: {wanted.name}() made a {type(made).__name__}, which does not do what was promised: "
                    f"{', '.join(missing)}; return a function, or name the class of what it returns after `->`"
                )
            facts = {
                "module": wanted.module,
                "factory": wanted.name,
                "class": type(made).__name__,
                "sha256": wanted.digest,
                "concurrency": self._concurrency,
            }
            if is_runnable(made):
                input_of(made, wanted.address)
            yield python_model(made, promised, wanted.module, facts, self._concurrency)

    def check_product(self, product: Product) -> NoReturn:
        """There is none that a callable could take.

        Raises:
            SourceError: always.
        """
        raise SourceError(f"{product.folder}: no {product.kind} can be put on a Python callable")

    def tokenizer(self, target: Target) -> NoReturn:
        """There is none that could be seen.

        Raises:
            SourceError: always.
        """
        raise SourceError(f"{target.address}: a Python callable has no tokenizer that could be seen")

    def trainable(self, target: Target) -> NoReturn:
        """There are no weights.

        Raises:
            SourceError: always.
        """
        raise SourceError(f"{target.address}: a Python callable cannot be trained")


def _callable(target: Target) -> PythonCallable:
    if not isinstance(target, PythonCallable):
        raise SourceError(f"{target.address}: the loader `python` opens Python callables only")
    return target


def _factory(target: PythonCallable) -> Any:
    module = import_module(target.module, target.address)
    if not hasattr(module, target.name):
        where = getattr(module, "__file__", None) or "built in"
        raise SourceError(f"{target.address}: the module {target.module} ({where}) has no {target.name!r}")
    return getattr(module, target.name)


def _check_callable(target: PythonCallable) -> None:
    factory = _factory(target)
    if not callable(factory):
        raise SourceError(f"{target.address}: {target.name} is a {type(factory).__name__}, which cannot be called")
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        raise SourceError(
            f"{target.address}: {target.name} is called without arguments and returns what answers, but it takes some "
            f"({error}); name a function that returns it: `def factory(): return {target.name}`"
        ) from error
    except ValueError:  # a builtin that tells no signature
        return


def _promised(factory: Any) -> frozenset[Capability]:
    made = factory if isinstance(factory, type) else _returned(factory)
    if not isinstance(made, type):
        return frozenset({"generates"})
    if is_runnable(made):
        return frozenset({"generates"})
    called = any("__call__" in vars(kind) for kind in made.__mro__)  # each class can itself be called: a type's own
    found = {one for one in _CAPABILITIES if issubclass(made, PROTOCOLS[one])}
    return frozenset(found | {"generates"} if called else found)


def _returned(factory: Any) -> Any:
    try:
        return typing.get_type_hints(factory).get("return")
    except Exception:  # noqa: BLE001 - a hint may name anything; one that cannot be read says nothing
        return None


def _has(made: Any) -> frozenset[Capability]:
    if is_runnable(made):
        return frozenset({"generates"})
    found = {one for one in _CAPABILITIES if isinstance(made, PROTOCOLS[one])}
    return frozenset(found | {"generates"} if callable(made) else found)
