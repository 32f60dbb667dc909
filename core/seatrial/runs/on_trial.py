"""The model on trial: resolved once, opened with what training left or without it, one at a time in memory."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seatrial.errors import ContractError, SourceError, UsageError
from seatrial.model import (
    PROTOCOLS,
    AsksDate,
    Capability,
    ChecksFit,
    Endpoint,
    HeldModel,
    Loader,
    LocalWeights,
    Model,
    Product,
    ProductKind,
    PythonCallable,
    Target,
    Trainable,
)
from seatrial.runs import contracts
from seatrial.runs.recipe import Recipe
from seatrial.runs.stages import blame
from seatrial.runs.store import digest_json, digest_path
from seatrial.sources import Resolved

__all__ = ["ModelOnTrial"]

_SHARED: frozenset[ProductKind | None] = frozenset({None, "adapter"})
"""Products on top of the same weights: the next may be opened before the last is closed."""


_REPLACED = "its files have changed since this run began; leave them as they are, and run the same command again"


@dataclass(slots=True)
class _Open:
    product: Product | None
    model: Model
    closing: ExitStack


class ModelOnTrial:
    """A loader and its target."""

    def __init__(
        self,
        address: str,
        recipe: Recipe,
        plugin: str,
        *,
        make: Callable[[Recipe], Any],
        find: Callable[[str], Resolved],
        cache: Path,
        date: str = "",
    ) -> None:
        """Args beside the loader's own: the date of the run, in ISO's form, for prompts that hold one."""
        self.address = address
        self.recipe = recipe
        """Of the loader."""
        self._plugin = plugin
        self._make = make
        self._find = find
        self._cache = cache
        self._date = date
        self._target: Target | None = None
        self._open: _Open | None = None

    @property
    def key(self) -> str:
        """Equal for the same weights opened in the same way."""
        return digest_json([self.recipe.answers_key, self.target.identity])

    @property
    def _name(self) -> str:
        return self.recipe.who.partition(" ")[0]

    @property
    def loader(self) -> Loader:
        """Built once."""
        loader: Loader = self._make(self.recipe)
        return loader

    @property
    def resolved(self) -> Target | None:
        """The target, if something has asked for it."""
        return self._target

    @property
    def target(self) -> Target:
        """What the address names, converted if it needs it.

        Raises:
            SourceError: there is no model.
        """
        if self._target is None:
            self._make_cache()
            given = self._found()
            kinds = (LocalWeights, Endpoint, PythonCallable)
            if not isinstance(given, kinds):
                raise ContractError(
                    f"{self.recipe.who} gave a {type(given).__name__} where it must give a target: "
                    f"{', '.join(kind.__name__ for kind in kinds)}"
                )
            self._target = given
        return self._target

    def provides(self, product: ProductKind | None) -> frozenset[Capability]:
        """What it can do, with such a product."""
        with self._blamed():
            return frozenset(self.loader.provides(self.target, product))

    def check(self, product: Product) -> tuple[str, ...]:
        """Refuse, with a `SourceError`, what is no whole product of its kind, or is one of another model; warnings else."""
        with self._blamed():
            self.loader.check_product(product)
        target, loader = self.target, self.loader
        if isinstance(loader, ChecksFit):
            with self._blamed():
                return tuple(map(str, loader.check_fit(product, target) or ()))
        return ()

    def tokenizer(self) -> Recipe:
        """How its tokenizer is had, without its weights."""
        return Recipe(
            f"the tokenizer of {self.address}",
            _tokenizer,
            {"target": self.target},
            {"loader": self.recipe},
            identity={"target": self.target.identity},
        )

    def trainable(self) -> Trainable:
        """The model for a training method; whatever else was open is closed first."""
        self.close()
        self._refuse_replaced(self._resolved())
        with self._blamed():
            return self.loader.trainable(self.target)

    def open(self, product: Product | None, needs: frozenset[Capability]) -> Model:
        """The model with a product; it stays open until another is asked for.

        Raises:
            UsageError: it has none of the capabilities that are needed.
        """
        if self._open is None or self._open.product != product:
            closing = ExitStack()
            last = self._open
            shares = last is not None and {_kind(last.product), _kind(product)} <= _SHARED
            if not shares:
                self.close()
            before = self._resolved()
            with self._blamed():
                opened = closing.enter_context(self.loader.open(self.target, product))
            try:
                self._refuse_replaced(before, product)
            except BaseException:
                closing.close()
                raise
            model: Model = HeldModel(opened, f"loader {self._name} (plugin {self._plugin})")
            if last is not None and shares:
                last.closing.close()  # its weights stay with the next, so there is nothing to collect
            self._open = _Open(product, model, closing)
        model = self._open.model
        if needs and not any(isinstance(model, PROTOCOLS[one]) for one in needs if one in PROTOCOLS):
            raise UsageError(
                f"{self.address}: the model provides none of: {', '.join(sorted(needs))} ({self.recipe.who})"
            )
        contracts.facts(model.facts, f"model {self.address}: {self.recipe.who}")
        return model

    def close(self) -> None:
        """Let go of the model in memory."""
        if self._open is not None:
            held, self._open = self._open, None
            held.closing.close()
            del held
            gc.collect()

    def _resolved(self) -> Target:
        """The target as it is now; weights that the loader made are made anew where they are not as they were made."""
        if not isinstance(self.target, LocalWeights):
            return self.target
        return self._found()

    def _found(self) -> Target:
        with self._blamed():
            loader = self.loader
            found = loader.resolve(self.address, self._find, self._cache)
            if isinstance(found, LocalWeights) and isinstance(loader, AsksDate) and loader.asks_date(found):
                return replace(found, date=self._date)
            return found

    def _refuse_replaced(self, before: Target, product: Product | None = None) -> None:
        """Refuse weights or an adapter that are no longer those of the run's record.

        Args:
            before: the target as it was just before it was opened.
            product: what was put onto it.

        Raises:
            SourceError: the files were replaced since the run began, or while they were opened.
        """
        now = self._resolved()
        made = [one.making for one in (before, now) if isinstance(one, LocalWeights)]
        if now.identity != self.target.identity or len({*made}) > 1:
            raise SourceError(f"{self.address}: {_REPLACED}")
        if product is not None and product.kind == "adapter" and digest_path(product.folder) != product.digest:
            raise SourceError(f"{product.folder}: {_REPLACED}")

    def _blamed(self) -> AbstractContextManager[object]:
        """What the loader raises is the loader's."""
        return blame(f"model {self.address}", f"loader {self._name}", self._plugin)

    def _make_cache(self) -> None:
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = (error.strerror or str(error)).lower()
            raise UsageError(
                f"{self._cache}: cannot be made: {said}; name another folder for converted weights: SEATRIAL_CACHE=/a/folder"
            ) from error


def _kind(product: Product | None) -> ProductKind | None:
    return product.kind if product else None


def _tokenizer(target: Target, loader: Loader) -> Any:
    return loader.tokenizer(target)
