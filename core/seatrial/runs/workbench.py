"""The workbench: builds the components that a suite names, with what they use, each once."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import PluginError, SourceError, UsageError
from seatrial.model import ChecksAdapters, LanguageModel, ModelFiles, ModelLoader
from seatrial.plugin.component import Absent, Use
from seatrial.plugin.host import Host, Kind, Provided
from seatrial.runs.benchmarks import read_benchmarks
from seatrial.runs.recipe import Recipe
from seatrial.runs.stages import blame
from seatrial.sources import Resolved
from seatrial.suite.options import validate_options

if TYPE_CHECKING:
    from seatrial.suite.parts import ModelChoice

__all__ = ["Workbench"]

_USED: Mapping[str, Kind] = {"encoder": "encoders", "detector": "detectors"}


class Workbench:
    """Components of one process, built on demand; encoders, detectors and the loaded model are shared."""

    def __init__(self, host: Host, *, cache: Path, offline: bool) -> None:
        self.host = host
        self.cache = cache
        self.offline = offline
        self.resolved: dict[str, Resolved] = {}
        """Every source that was asked for, by its address."""
        self._made: dict[str, Any] = {}
        self._loaded: tuple[tuple[str, Path | None], LanguageModel] | None = None
        self._choice: ModelChoice | None = None
        self._loader: ModelLoader | None = None
        self._files: ModelFiles | None = None

    # ---- components -----------------------------------------------------------------------------------------------

    def provided(self, kind: Kind, name: str) -> Provided[Any]:
        """The component of that name.

        Raises:
            PluginError: no plugin brings it.
        """
        found = self.host.find(kind, name)
        if found is None:
            there = ", ".join(self.host.names(kind)) or "none"
            raise PluginError(f"no plugin brings {kind} called {name!r}; there are: {there}")
        return found

    def build(self, kind: Kind, name: str, options: Mapping[str, Any]) -> Any:
        """Build a component; options that name other components become those, built.

        Raises:
            StageError: the component could not be built; the message names it and its plugin.
        """
        return self.made(self.recipe(kind, name, options))

    def made(self, recipe: Recipe) -> Any:
        """What a recipe makes, its parts shared with all else that is built here."""
        return recipe.make(self._made)

    def recipe(self, kind: Kind, name: str, options: Mapping[str, Any]) -> Recipe:
        """How the component is built, what its options name included."""
        provided = self.provided(kind, name)
        uses = provided.component.uses
        needed = {option for option, use in uses.items() if use.when is None or use.when(options)}
        parts = {option: self._part(uses[option], options.get(option)) for option in uses if option in needed}
        optional = frozenset(option for option in needed if self._may_lack(uses[option], options.get(option)))
        who = f"{name} (plugin {provided.plugin} of {provided.distribution})"
        return Recipe(
            who, provided.component.build, {**options, **dict.fromkeys(uses.keys() - needed)}, parts, optional
        )

    def _may_lack(self, use: Use, named: Any) -> bool:
        """Whether what an option stands for may be missing: never what a suite names otherwise than the default."""
        if not use.optional or named is None or use.default is None:
            return use.optional
        provided = self.host.find(_USED[use.kind], use.default)
        return provided is not None and named == {use.default: validate_options(provided.component, {}, self.host)}

    def _part(self, use: Use, named: Any) -> Recipe:
        if use.kind == "tokenizer":
            if use.optional and self._choice is None:
                return Recipe("no tokenizer", Absent, {"reason": "the suite names no model"})
            return self._tokenizer()
        if use.kind == "benchmarks":
            return self._benchmarks(named)
        if named is None:
            if use.optional and self.host.find(_USED[use.kind], str(use.default)) is None:
                return Recipe(f"no {use.kind}", Absent, {"reason": f"no plugin brings the {use.kind} {use.default!r}"})
            named = use.default
        name, options = (named, {}) if isinstance(named, str) else next(iter(named.items()))
        return self.recipe(_USED[use.kind], name, options or {})

    def _benchmarks(self, named: Mapping[str, Any]) -> Recipe:
        sources = {name: self.resolve(keys["source"], "data") for name, keys in named.items()}
        for keys in named.values():
            if keys["reader"] is not None:
                self.provided("readers", keys["reader"])
        found = {name: {"path": str(source.path), "address": source.address} for name, source in sources.items()}
        readers = {reader: self.recipe("readers", reader, {}) for reader in self.host.names("readers")} if named else {}
        return Recipe("the benchmarks", read_benchmarks, {"named": named, "found": found}, readers)

    # ---- sources --------------------------------------------------------------------------------------------------

    def resolve(self, address: str, kind: Any) -> Resolved:
        """What an address names on this machine.

        Raises:
            SourceError: the scheme is unknown, or nothing is there.
        """
        scheme, colon, _ = address.partition(":")
        provided = self.host.find("sources", scheme)
        if not colon or provided is None:
            schemes = ", ".join(f"{name}:" for name in self.host.names("sources"))
            raise SourceError(f"{address!r}: a source starts with one of {schemes}")
        if address in self.resolved:
            return self.resolved[address]
        with blame(address, f"source {scheme}", provided.distribution):
            resolved = provided.component.build().resolve(address, cache=self.cache, offline=self.offline, kind=kind)
        if not isinstance(resolved, Resolved):
            raise PluginError(
                f"{address}: source {scheme} (plugin {provided.distribution}) gave a {type(resolved).__name__}, not a Resolved"
            )
        self.resolved[address] = resolved
        return resolved

    # ---- the model under test -------------------------------------------------------------------------------------

    def set_model(self, choice: ModelChoice | None) -> None:
        """Say which model is under test; None for none. Nothing of it is touched yet."""
        self._choice, self._loader, self._files = choice, None, None

    @property
    def prepared(self) -> ModelFiles | None:
        """The weights of the model under test, if something has asked for them."""
        return self._files

    def files(self) -> ModelFiles:
        """The weights of the model under test, converted if they need it.

        Raises:
            UsageError: the suite names no model.
        """
        if self._files is None:
            source, loader = self._source(), self._loaded_by()
            self._make_cache()
            with self._blamed():
                self._files = loader.prepare(*source, self.cache)
        return self._files

    def _make_cache(self) -> None:
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = (error.strerror or str(error)).lower()
            raise UsageError(
                f"{self.cache}: cannot be made: {said}; name another folder for converted weights: SEATRIAL_CACHE=/a/folder"
            ) from error

    def _source(self) -> tuple[Path, str]:
        resolved = self.resolve(self._chosen().source, "model")
        return resolved.path, resolved.address

    def _chosen(self) -> ModelChoice:
        if self._choice is None:
            raise UsageError("a filter asks for the model's tokenizer, and the suite names no model; add `model:`")
        return self._choice

    def _loaded_by(self) -> ModelLoader:
        if self._loader is None:
            chosen = self._chosen().loader
            self._loader = self.recipe("models", chosen.name, chosen.options).made_once(self._made)
        return self._loader

    def tokenizer(self) -> Any:
        """The model's tokenizer, without its weights.

        Raises:
            UsageError: the suite names no model.
        """
        return self._tokenizer().made_once(self._made)

    def _tokenizer(self) -> Recipe:
        chosen = self._chosen().loader
        loader = self.recipe("models", chosen.name, chosen.options)
        return Recipe(
            f"the tokenizer of {self._chosen().source}", _tokenizer, {"files": self.files()}, {"loader": loader}
        )

    def model(self, adapter: Path | None) -> LanguageModel:
        """The model under test with that adapter. One is held at a time."""
        files = self.files()
        key = (files.digest, adapter)
        if self._loaded is None or self._loaded[0] != key:
            self.release()
            loader = self._loaded_by()
            with self._blamed():
                self._loaded = (key, loader.load(files, adapter))
        return self._loaded[1]

    def adapter(self, address: str) -> Path:
        """The folder of an adapter that the suite brings; a loader that can tell says at once what is wrong with it.

        Raises:
            SourceError: it cannot be resolved, or is no whole adapter.
        """
        folder, loader = self.resolve(address, "model").path, self._loaded_by()
        if isinstance(loader, ChecksAdapters):
            with self._blamed():
                loader.check_adapter(folder)
        return folder

    def _blamed(self) -> AbstractContextManager[None]:
        """What the loader raises is the loader's."""
        name = self._chosen().loader.name
        return blame(f"model {self._chosen().source}", f"loader {name}", self.provided("models", name).distribution)

    def release(self) -> None:
        """Let go of the loaded model, before training loads its own."""
        self._loaded = None
        gc.collect()


def _tokenizer(files: ModelFiles, loader: ModelLoader) -> Any:
    return loader.tokenizer(files)
